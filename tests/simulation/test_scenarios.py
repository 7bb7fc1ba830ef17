"""Schedules that are written by hand: each led to a fault of the store once, and its docstring says to which."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from raysc import registry, runner
from raysc.errors import InputError
from raysc.execution import trained_lineage
from raysc.results.thresholds import rounds
from raysc.runner import RunOptions
from raysc.store.leases import LEASE_SECONDS
from raysc.store.objects import Objects
from raysc.sweepfile import read_sweep_mapping
from tests.simulation.contents import StoredObject
from tests.simulation.faults import storage_error
from tests.simulation.recovery import check_results, recover
from tests.simulation.scenario import MakeScenario, Scenario
from tests.simulation.storage import SimulatedStorage
from tests.simulation.sweeps import CLOSED_FORM, run_command, sweep_command
from tests.simulation.without_ray import SilentDisplay
from tests.simulation.world import Breakpoint, StorageKind


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


def test_a_deletion_that_stops_half_way_leaves_no_checkpoint_without_its_files(
    scenario: MakeScenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bucket keeps no order within a request: a used checkpoint's files were gone, and its manifest was left.

    Once its generation had to be made again, this checkpoint was tried first, and counted as damage of the store.
    """
    play = scenario("checkpoints")
    last, delete, requests = f"partial/{play.lineage}/0/2-3", SimulatedStorage.delete, list[Sequence[str]]()

    def delete_half(storage: SimulatedStorage, names: Sequence[str]) -> None:
        files = [name for name in names if name.startswith("attempts/")]
        first = last in names and not requests
        if last in names:
            requests.append(names)
        if first and files:
            delete(storage, files)
            raise storage_error("half of it was done")
        delete(storage, names)

    monkeypatch.setattr(SimulatedStorage, "delete", delete_half)
    run_command(play.world, play.swept.sweep)
    assert requests, "the checkpoint was deleted"
    _damage(play, play.file(play.span(2), "model/model.safetensors"))
    longer = run_command(play.world, play.swept.longer.sweep)
    check_results(play.world, longer, play.swept.expected_longer, "grown")
    assert play.world.violations == []
    assert not [name for name in play.world.contents.names("trash") if "/partial/" in name]


def test_a_checkpoint_that_was_deleted_in_part_is_not_used(scenario: MakeScenario) -> None:
    """A used checkpoint was left without its state; after damage of its generation the rest was used again."""
    play = scenario("checkpoints")
    last = f"partial/{play.lineage}/0/2-3"
    play.lose_machine("delete", f"^{last}")
    run_command(play.world, play.swept.sweep)
    play.world.contents.remove_silently(play.file(last, "model/training_state.safetensors"))
    _damage(play, play.file(play.span(2), "model/model.safetensors"))
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
    """Listings lacked the newest manifest, and the generation before it had no state, so all were refitted."""
    play = scenario()
    play.lose_machine("create", f"^{play.span(3)}")
    play.world.hidden, play.world.hidden_until = frozenset({play.span(2)}), play.world.now + 20.0
    first_fit = len(play.world.fits)
    play.start("B", "lost")  # its machine lives, so B takes its lease over at once
    play.run()
    assert {fit.generation for fit in play.world.fits[first_fit:]} == {3}
    assert play.world.events["hidden names"] > 0, "a listing lacked the manifest"
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
    """The newest generation was lost, and the state of the one before was deleted: all were trained again."""
    play = scenario(storage="file")
    monkeypatch.setattr(trained_lineage, "RETENTION_SECONDS", 0.0)  # else nothing is dropped before the power cut
    with _power_cut(play, monkeypatch, play.span(2)):
        play.lose_machine("put", rf"attempts/{play.lineage}/0/3-3/.*rows")
    intact = {t for t in (1, 2) if play.world.contents.objects[play.span(t)].data}
    assert 1 in intact
    first_fit = len(play.world.fits)
    assert recover(play.world, play.swept) is not None
    assert intact.isdisjoint(fit.generation for fit in play.world.fits[first_fit:])
    play.check()


def test_a_power_cut_loses_no_checkpoint_whose_predecessor_is_deleted(
    scenario: MakeScenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest checkpoint was lost, and the one before was deleted: the fit began anew."""
    play = scenario("checkpoints", storage="file")
    with _power_cut(play, monkeypatch, f"partial/{play.lineage}/0/1-3"):
        play.lose_machine("put", rf"attempts/{play.lineage}/0/1-1/.*rows")
    first_fit = len(play.world.fits)
    assert recover(play.world, play.swept) is not None
    assert 1 not in {fit.generation for fit in play.world.fits[first_fit:]}
    play.check()


def test_a_unit_that_was_planned_before_another_pack_was_published_is_planned_again(scenario: MakeScenario) -> None:
    """A sweep of seeds 0 to 2 waited behind others; meanwhile one of seeds 0 and 1 ended. It ran all three again."""
    play = scenario("closed form")
    more = read_sweep_mapping({**CLOSED_FORM, "name": "more", "loop": {"generations": 3}, "seeds": 3}, (), registry)
    packs = f"spans/{play.lineage}"

    def has_ended() -> bool:
        return bool(play.world.contents.names(f"{packs}/0-1")) and not play.world.contents.names("leases/loop")

    late = Breakpoint("B", "create", "^leases/loop", until=has_ended)
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


@contextmanager
def _power_cut(play: Scenario, monkeypatch: pytest.MonkeyPatch, last: str) -> Iterator[None]:
    """Empty what was written last inside the context, from a manifest's files on, unless it was brought to the disk."""
    on_disk: set[str] = set()
    monkeypatch.setattr(Objects, "sync", lambda objects, names: on_disk.update(names))
    yield
    contents = play.world.contents.objects
    recent = contents[last].written - 1.0
    for name in [name for name, stored in contents.items() if stored.written > recent and name not in on_disk]:
        contents[name] = StoredObject(b"", contents[name].written)
    play.watch.tolerates_removal = True


def _damage(play: Scenario, name: str) -> None:
    """Change a byte of an object; what stands on it may leave its place then."""
    play.world.contents.flip_byte(name)
    play.watch.tolerates_removal = True


def _has_state(play: Scenario, generation: int) -> bool:
    names = play.world.contents.names(f"attempts/{play.lineage}/0/{generation}-{generation}")
    return any("training_state" in name for name in names)
