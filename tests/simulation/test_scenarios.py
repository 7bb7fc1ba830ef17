"""Schedules that are written by hand: each led to a fault of the store once, and its docstring says to which."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from raysc import registry, runner
from raysc.errors import InputError
from raysc.results.thresholds import rounds
from raysc.runner import RunOptions
from raysc.store.leases import LEASE_SECONDS
from raysc.store.objects import Objects
from raysc.sweepfile import read_sweep_mapping
from tests.simulation.contents import StoredObject
from tests.simulation.invariants import Watch
from tests.simulation.recovery import DAY, check_recovery, check_results, collect_garbage, recover
from tests.simulation.sweeps import CLOSED_FORM, Case, case, run_command, sweep_command
from tests.simulation.without_ray import SilentDisplay
from tests.simulation.world import Breakpoint, StorageKind, World, entered


@dataclass
class Scenario:
    """One world with a sweep of one lineage and one seed.

    Attributes:
        world: the world.
        watch: its invariants.
        swept: the sweep.
    """

    world: World
    watch: Watch
    swept: Case

    @property
    def lineage(self) -> str:
        """Key of the lineage."""
        return self.swept.resolved.cells[0].keys.lineage

    def span(self, generation: int) -> str:
        """Return the name of a manifest of the lineage."""
        return f"spans/{self.lineage}/0/{generation}-{generation}"

    def exists(self, name: str) -> bool:
        """Return True if there is an object of that name."""
        return name in self.world.contents.objects

    def file(self, manifest: str, name: str) -> str:
        """Return the name of the object of a manifest's file."""
        record = json.loads(self.world.contents.objects[manifest].data)
        return f"{record['attempt']}/{name}"

    def start(self, name: str, machine: str, delay: float = 0.0, options: RunOptions | None = None) -> None:
        """Start a command that runs beside others."""
        self.world.start(
            name, machine, lambda: sweep_command(self.world, self.swept.sweep, options), disturbed=True, delay=delay
        )

    def run(self) -> None:
        """Run what was started to its end."""
        self.world.scheduler.run()
        for task in self.world.scheduler.tasks:
            assert not isinstance(task.error, Exception), task.error
        self.world.scheduler.unwind()

    def lose_machine(self, kind: str, pattern: str) -> None:
        """Run the command up to a request, and lose its machine there."""
        self.world.breakpoints.append(Breakpoint("lost", kind, pattern, kill=True))
        self.start("lost", "lost")
        self.run()
        assert self.world.breakpoints[-1].reached

    def check(self, grow: bool = True) -> None:
        """Recover, and check every invariant."""
        check_recovery(self.world, self.watch, self.swept, grow)
        assert self.world.violations == []


@pytest.fixture
def scenario() -> Iterator[Callable[..., Scenario]]:
    """Function from the name of a sweep, and the kind of the store, to a scenario."""
    with contextmanager(_scenarios)() as make:
        yield make


def _scenarios() -> Iterator[Callable[..., Scenario]]:
    contexts = []

    def make(name: str = "plain", storage: StorageKind = "s3") -> Scenario:
        world, swept = World(1, storage=storage, switch_rate=0.3, keep_log=True), case(name)
        context = entered(world)
        context.__enter__()
        contexts.append(context)
        return Scenario(world, Watch(world, swept.resolved), swept)

    yield make
    for context in reversed(contexts):
        context.__exit__(None, None, None)


MakeScenario = Callable[..., Scenario]


@pytest.mark.parametrize("skew", [-600.0, -120.0, 120.0, 600.0, 7200.0])
def test_a_wrong_clock_costs_no_work(scenario: MakeScenario, skew: float) -> None:
    """Two minutes of skew doubled all work; a clock two hours ahead blocked a unit for two hours."""
    play = scenario()
    play.world.machine("B").clock_offset = skew
    play.start("A", "A")
    play.start("B", "B", delay=30.0)
    began = play.world.now
    play.run()
    assert len(play.world.fits) == play.swept.expected.fits
    assert play.world.now - began < play.swept.expected.fits * 20.0 + 2 * LEASE_SECONDS
    play.check()


@pytest.mark.parametrize("generations", [3])
@pytest.mark.parametrize("storage", ["file", "s3", "gs"])
def test_a_killed_unit_resumes_where_absent_objects_cannot_be_deleted(
    scenario: MakeScenario, storage: StorageKind, generations: int
) -> None:
    """On Google and Azure each resume failed as it deleted the states that the killed process had deleted."""
    play = scenario(storage=storage)
    play.lose_machine("put", rf"attempts/{play.lineage}/0/{generations}-{generations}/.*rows")
    play.check()


def test_a_missing_training_state_of_generation_0_is_noticed(scenario: MakeScenario) -> None:
    """Averaged weights served as raw ones: every later generation was wrong, silently."""
    play = scenario()
    play.lose_machine("create", f"leases/loop/{play.lineage}")
    keys = play.swept.resolved.cells[0].keys.generation_zero
    assert keys is not None
    play.world.contents.remove_silently(play.file(f"spans/{keys.model}/0/0-0", "model/training_state.safetensors"))
    play.watch.tolerates_removal = True
    play.check()


def test_a_checkpoint_that_is_deleted_while_it_is_loaded_is_not_used_in_part(scenario: MakeScenario) -> None:
    """The training state was deleted between two reads: the fit went on from averaged weights."""
    play = scenario("checkpoints")
    partial = f"partial/{play.lineage}/0"
    loads = Breakpoint(
        "B", "get", f"attempts/{partial}/1/.*training_state",
        until=lambda: not play.exists(f"{partial}/1-2") and play.exists(f"{partial}/1-3"),
    )  # fmt: skip
    saves = Breakpoint("A", "create", f"^{partial}/1-3", until=lambda: loads.reached, freeze=True)
    dies = Breakpoint("A", "put", f"attempts/{play.lineage}/0/1-1/", kill=True)
    play.world.breakpoints += [saves, loads, dies]
    play.start("A", "A")
    play.start("B", "B", delay=2.0)
    play.run()
    assert saves.reached
    assert loads.reached
    play.check()


def test_a_checkpoint_that_was_deleted_in_part_is_not_used(scenario: MakeScenario) -> None:
    """A bucket deleted half of a used checkpoint; after damage of its generation the rest was used again."""
    play = scenario("checkpoints")
    run_command(play.world, play.swept.sweep)
    _damage(play, play.file(play.span(2), "model/model.safetensors"))
    state = [name for name in play.world.contents.names("attempts/partial") if "training_state" in name]
    for name in state:
        play.world.contents.remove_silently(name)
    longer = run_command(play.world, play.swept.longer.sweep)
    check_results(play.world, longer, play.swept.expected_longer, "grown")
    assert play.world.violations == []


def test_verify_beside_a_running_sweep_finds_no_damage(scenario: MakeScenario) -> None:
    """Retention dropped a state while ``--verify`` read it; the finished generation was set aside."""
    play = scenario()
    state = f"attempts/{play.lineage}/0/1-1/.*training_state"
    reads = Breakpoint("V", "get", state, until=lambda: play.exists(play.span(2)) and not _has_state(play, 1))
    waits = Breakpoint("V", "create", "^probes/", until=lambda: play.exists(play.span(1)))
    goes_on = Breakpoint("A", "put", f"attempts/{play.lineage}/0/2-2/.*model.safetensors", until=lambda: reads.reached)
    play.world.breakpoints += [reads, waits, goes_on]
    play.start("A", "A")
    play.start("V", "V", options=RunOptions("", verify=True))
    play.run()
    assert not play.world.contents.names("trash")
    assert not play.world.contents.names("dropped")
    play.check()


def test_a_stale_listing_does_not_refit_published_generations(scenario: MakeScenario) -> None:
    """One listing that lacked the newest manifest: the generation before it had no state, so all were refitted."""
    play = scenario()
    play.lose_machine("create", f"^{play.span(3)}")
    play.world.scheduler.now += 2 * LEASE_SECONDS
    play.world.hidden[f"spans/{play.lineage}"] = {play.span(2)}
    first_fit = len(play.world.fits)
    play.start("B", "B")
    play.run()
    assert play.world.hidden == {}
    assert {fit.generation for fit in play.world.fits[first_fit:]} == {3}
    play.check()


def test_a_damaged_last_state_is_no_reason_to_refit_all_without_asking(scenario: MakeScenario) -> None:
    """One flipped byte in the last training state refitted three published generations without ``--remake``."""
    play = scenario()
    run_command(play.world, play.swept.sweep)
    _damage(play, play.file(play.span(3), "model/training_state.safetensors"))
    first_fit = len(play.world.fits)
    refused = run_command(play.world, play.swept.longer.sweep)
    assert all("--remake" in traceback for traceback in refused.failures.values())
    assert refused.failures
    assert len(play.world.fits) == first_fit
    longer = run_command(play.world, play.swept.longer.sweep, RunOptions("", remake=True))
    check_results(play.world, longer, play.swept.expected_longer, "remade")
    assert play.world.violations == []


def test_gc_keeps_a_lineage_that_a_sweep_takes_up_meanwhile(scenario: MakeScenario) -> None:
    """Collection read the sweep records before the sweep wrote its own, and deleted what it stood on."""
    play = scenario()
    run_command(play.world, play.swept.sweep)
    for name in play.world.contents.names("sweeps"):
        play.world.contents.remove_silently(name)
    other = {"name": "other", "sweep": play.swept.sweep.resolved, "keys": []}
    play.world.contents.write(f"sweeps/other/asked/{32 * '0'}.json", json.dumps(other).encode(), play.world.now)
    play.world.scheduler.now += 3 * DAY
    deletes = Breakpoint(
        "gc", "list", "^artifacts", until=lambda: bool(play.world.contents.names("sweeps/simulated/asked"))
    )
    plans = Breakpoint("A", "create", "^probes/", until=lambda: deletes.reached)
    play.world.breakpoints += [deletes, plans]
    play.world.start("gc", "gc", lambda: collect_garbage(play.world), disturbed=True)
    play.start("A", "A")
    play.run()
    play.check()


def test_two_commands_that_find_the_same_damage_set_it_aside_once(scenario: MakeScenario) -> None:
    """The slower of two ``--verify`` moved the manifest that the quicker one had made again to the trash."""
    play = scenario("from scratch, all rows")
    run_command(play.world, play.swept.sweep)
    damaged = play.world.contents.objects[play.span(3)].data
    _damage(play, play.file(play.span(3), "records.parquet"))

    def is_made_again() -> bool:
        stored = play.world.contents.objects.get(play.span(3))
        return stored is not None and stored.data != damaged

    sets_aside = Breakpoint("B", "create", "^trash/", until=is_made_again)
    quick = Breakpoint("A", "create", "^probes/", until=lambda: sets_aside.reached)
    play.world.breakpoints += [sets_aside, quick]
    first_fit = len(play.world.fits)
    for name in ("A", "B"):
        play.start(name, name, options=RunOptions("", verify=True))
    play.run()
    assert sets_aside.reached
    assert [fit.generation for fit in play.world.fits[first_fit:] if fit.steps.start == 0] == [3]
    play.check()


def test_a_power_cut_loses_no_state_that_is_still_needed(
    scenario: MakeScenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was written in the last minute is empty after a power cut, unless it was brought to the disk.

    The newest generation was lost, and the state of the one before was deleted: all were trained again.
    """
    play = scenario(storage="file")
    on_disk: set[str] = set()
    monkeypatch.setattr(Objects, "sync", lambda objects, names: on_disk.update(names))
    play.lose_machine("put", rf"attempts/{play.lineage}/0/3-3/.*rows")
    contents, now = play.world.contents.objects, play.world.now
    for name in [name for name, stored in contents.items() if stored.written > now - 60.0 and name not in on_disk]:
        contents[name] = StoredObject(b"", contents[name].written)
    intact = {t for t in (1, 2) if contents[play.span(t)].data}
    play.watch.tolerates_removal = True
    first_fit = len(play.world.fits)
    assert recover(play.world, play.swept) is not None
    assert intact.isdisjoint(fit.generation for fit in play.world.fits[first_fit:])
    play.check()


def test_a_unit_that_was_planned_before_another_pack_was_published_is_planned_again(scenario: MakeScenario) -> None:
    """A sweep of seeds 0 to 2 waited behind others; meanwhile one of seeds 0 and 1 ended. It ran all three again."""
    play = scenario("closed form")
    more = read_sweep_mapping({**CLOSED_FORM, "name": "more", "loop": {"generations": 3}, "seeds": 3}, (), registry)
    packs = f"spans/{play.lineage}"
    late = Breakpoint("B", "create", "^leases/loop", until=lambda: bool(play.world.contents.names(f"{packs}/0-1")))
    waits = Breakpoint("A", "create", "^probes/", until=lambda: late.reached)
    play.world.breakpoints += [late, waits]
    play.start("A", "A")
    play.world.start("B", "B", lambda: sweep_command(play.world, more), disturbed=True)
    play.run()
    assert late.reached
    assert {name.split("/")[2] for name in play.world.contents.names(packs)} == {"0-1", "2"}
    assert play.world.violations == []


def test_a_round_of_a_search_trains_nothing_again_without_asking(
    scenario: MakeScenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the first plan was asked; a later probe whose states another sweep had dropped was trained again."""
    play = scenario("keep nothing, checkpoints")
    run_command(play.world, play.swept.sweep)
    longer, first_fit = play.swept.longer, len(play.world.fits)
    state = rounds.SearchState(longer, ())
    monkeypatch.setattr(rounds, "read_state", lambda sweep, objects: state)
    monkeypatch.setattr(rounds, "run_rounds", lambda state, objects, run, say: (state, run(state)))
    monkeypatch.setattr(runner, "_store_answers", lambda state, objects: None)

    def search(options: RunOptions) -> None:
        runner._run_search(longer.sweep, play.world.objects, options, SilentDisplay())

    with pytest.raises(InputError, match="--remake"):
        play.world.run_alone("search", lambda: search(RunOptions("")))
    assert len(play.world.fits) == first_fit


def test_a_schedule_without_end_is_a_violation(scenario: MakeScenario) -> None:
    play = scenario()
    play.world.max_operations = 40
    play.start("A", "A")
    play.world.scheduler.run()
    play.world.scheduler.unwind()
    assert play.world.violations


def _damage(play: Scenario, name: str) -> None:
    """Change a byte of an object; what stands on it may leave its place then."""
    play.world.contents.flip_byte(name)
    play.watch.tolerates_removal = True


def _has_state(play: Scenario, generation: int) -> bool:
    names = play.world.contents.names(f"attempts/{play.lineage}/0/{generation}-{generation}")
    return any("training_state" in name for name in names)
