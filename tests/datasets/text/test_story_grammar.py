import numpy as np

from raysc.datasets.text.story_grammar import UNIFORMS, Draws, write_chat, write_story

RNG = np.random.default_rng(0)


def test_words_follow_zipfs_law() -> None:
    words = ("a", "b", "c", "d")
    draws = Draws(RNG.random(20_000))
    counts = np.unique([draws.zipf(words) for _ in range(20_000)], return_counts=True)[1]
    weights = 1 / np.arange(1, 5)
    np.testing.assert_allclose(counts / 20_000, weights / weights.sum(), atol=0.01)


def test_a_story_names_its_hero_in_every_text_and_ends_with_a_full_stop() -> None:
    for _ in range(50):
        story = write_story(Draws(RNG.random(UNIFORMS)))
        assert story.count(story.split()[0]) >= 2
        assert story.endswith(".")
        assert story.count(". ") in (2, 4)


def test_a_chat_is_one_question_and_one_answer() -> None:
    for _ in range(50):
        chat = write_chat(Draws(RNG.random(UNIFORMS)))
        assert chat.count("user: ") == chat.count("assistant: ") == 1
