"""Frames, messages and marking: the supervisor's side of the boundary, without any process."""

from __future__ import annotations

import numpy as np
import pytest

from corpus.records.evaluations import Stage
from corpus.records.tasks.shape import TaskShape
from evaluator.channel.framing import FRAME_LIMIT, Frame, FrameReader, FramingError, Kind, encode
from evaluator.supervisor.conversation import Conversation, ProtocolBreach
from evaluator.supervisor.exam import Exam
from evaluator.supervisor.marking.answers import WrongAnswer
from evaluator.supervisor.timed_exam import TimedExam
from evaluator.tasks import Examples

NONCE = 8
IMAGES = np.arange(10, dtype=np.uint8).reshape(10, 1, 1, 1)
SHAPE = TaskShape(channels=1, height=1, width=1, classes=4)
LABELS = np.arange(10, dtype=np.int64) % 4


def exam(topic: str = "topic", labels: np.ndarray = LABELS) -> Exam:
    return Exam(Examples(IMAGES, labels), SHAPE, batch_size=4, topic=topic)


def answer(question: bytes, shift: int = 0) -> bytes:
    """Answer as a perfect network does (image i shows class i % 4), or as one that is off by `shift`."""
    classes = (np.frombuffer(question[NONCE:], dtype=np.uint8) + shift) % 4
    return question[:NONCE] + classes.astype("<u2").tobytes()


def json_frame(text: str) -> Frame:
    return Frame(Kind.JSON, text.encode())


def stage(name: Stage) -> Frame:
    return json_frame(f'{{"event": "stage", "stage": "{name}"}}')


BUILT = json_frame('{"event": "built", "parameters": 12, "flops": null}')
TRAINED = json_frame('{"event": "trained", "losses": [1.5], "passes": 1.0, "kept_bytes": 0}')
FAILED = json_frame('{"event": "failed", "status": "RUNTIME_ERROR", "error_type": null, "error": "x"}')
TO_LEARN = [stage(Stage.LINT), stage(Stage.IMPORT), stage(Stage.INIT), stage(Stage.FORWARD), BUILT]
TO_PREDICT = [*TO_LEARN, stage(Stage.LEARN), TRAINED]


def talk_through(frames: list[Frame]) -> tuple[Conversation, bytes]:
    """Return a conversation after `frames`, and its last reply."""
    talk, reply = Conversation("source", exam()), b""
    for frame in frames:
        reply = talk.receive(frame)
    return talk, reply


def payload(reply: bytes) -> bytes:
    return reply[5:]


def test_frames_come_out_whole_however_the_bytes_arrive() -> None:
    data = encode(Kind.JSON, b"one") + encode(Kind.CLASSES, b"") + encode(Kind.JSON, b"two")
    reader = FrameReader()
    frames = []
    for byte in data:
        reader.feed(bytes([byte]))
        while frame := reader.next():
            frames.append((frame.kind, frame.payload))
    assert frames == [(Kind.JSON, b"one"), (Kind.CLASSES, b""), (Kind.JSON, b"two")]


def test_an_overlong_frame_is_refused_by_its_header_alone() -> None:
    reader = FrameReader()
    reader.feed(encode(Kind.JSON, bytes(FRAME_LIMIT + 1))[:5])
    with pytest.raises(FramingError, match="limit"):
        reader.next()


def test_an_unknown_kind_of_frame_is_refused() -> None:
    reader = FrameReader()
    reader.feed(b"print('hello')")
    with pytest.raises(FramingError, match="unknown kind"):
        reader.next()


def test_images_leave_only_after_training_is_reported() -> None:
    _, reply = talk_through(TO_PREDICT)
    assert reply == b""
    _, reply = talk_through([*TO_PREDICT, stage(Stage.PREDICT)])
    assert len(payload(reply)) == NONCE + 4


def test_a_perfect_network_gets_accuracy_one_and_a_wrong_one_zero() -> None:
    for shift, accuracy in ((0, 1.0), (1, 0.0)):
        talk, reply = talk_through([*TO_PREDICT, stage(Stage.PREDICT)])
        while reply:
            reply = talk.receive(Frame(Kind.CLASSES, answer(payload(reply), shift)))
        assert talk.finished and talk.accuracy == accuracy


@pytest.mark.parametrize(
    ("before", "frame"),
    [
        ([], stage(Stage.PREDICT)),
        ([], stage(Stage.DONE)),
        ([], FAILED),
        ([], TRAINED),
        (TO_LEARN[:4], stage(Stage.LEARN)),
        (TO_LEARN, BUILT),
        (TO_LEARN, stage(Stage.PREDICT)),
        (TO_PREDICT, TRAINED),
        (TO_PREDICT, stage(Stage.LINT)),
        ([*TO_LEARN, stage(Stage.LEARN)], stage(Stage.PREDICT)),
        ([stage(Stage.LINT), FAILED], FAILED),
        (TO_PREDICT, Frame(Kind.IMAGES, b"")),
    ],
)
def test_a_frame_out_of_turn_is_a_breach(before: list[Frame], frame: Frame) -> None:
    talk, _ = talk_through(before)
    with pytest.raises(ProtocolBreach):
        talk.receive(frame)


@pytest.mark.parametrize(
    "text",
    [
        '{"event": "complete", "accuracy": 1.0}',
        '{"event": "stage", "stage": "lint", "accuracy": 1.0}',
        '{"event": "failed", "status": "COMPLETE", "error_type": null, "error": ""}',
        '{"event": "failed", "status": "TIMEOUT", "error_type": null, "error": ""}',
        '{"event": "failed", "status": "CRASHED", "error_type": null, "error": "' + "x" * 501 + '"}',
        '{"event": "trained", "losses": [NaN], "passes": 1.0, "kept_bytes": 0}',
        '{"event": "trained", "losses": [1e999], "passes": 1.0, "kept_bytes": 0}',
        '{"event": "trained", "losses": [' + ",".join("1" * 17) + '], "passes": 1.0, "kept_bytes": 0}',
        '{"event": "built", "parameters": -1, "flops": null}',
        "[" * 4000,
        "\x80",
        "",
    ],
)
def test_what_is_not_in_the_vocabulary_is_a_breach(text: str) -> None:
    talk = Conversation("source", exam())
    with pytest.raises(ProtocolBreach):
        talk.receive(Frame(Kind.JSON, text.encode("latin-1")))


def test_an_answer_before_its_question_is_refused() -> None:
    talk, _ = talk_through(TO_PREDICT)
    with pytest.raises(ProtocolBreach):
        talk.receive(Frame(Kind.CLASSES, bytes(NONCE + 8)))


def test_an_answer_to_another_question_is_refused() -> None:
    test = exam()
    test.mark(answer(test.next_question()))
    old = answer(test.next_question())
    test.mark(old)
    test.next_question()
    with pytest.raises(WrongAnswer, match="no question"):
        test.mark(old)


@pytest.mark.parametrize("ids", [[0, 1, 2], [0, 1, 2, 3, 0], [0, 1, 2, 5], [65535, 0, 0, 0]])
def test_an_answer_of_the_wrong_size_or_range_is_refused(ids: list[int]) -> None:
    test = exam()
    nonce = test.next_question()[:NONCE]
    with pytest.raises(WrongAnswer):
        test.mark(nonce + np.array(ids, dtype="<u2").tobytes())


def questions(test: Exam) -> list[int]:
    order: list[int] = []
    while test.accuracy is None:
        question = test.next_question()
        order += question[NONCE:]
        test.mark(answer(question))
    return order


def test_every_image_is_asked_once() -> None:
    assert sorted(questions(exam())) == list(range(10))


def test_the_order_is_the_same_for_the_same_program_and_another_for_another() -> None:
    assert questions(exam("a")) == questions(exam("a")) != questions(exam("b"))


def test_the_order_cannot_be_known_without_the_labels() -> None:
    assert questions(exam("a")) != questions(exam("a", labels=(LABELS + 1) % 4))


def timed_talk() -> tuple[Conversation, bytes]:
    """Return a conversation that times three images behind its exam, at the first question of the exam."""
    some = Examples(IMAGES[:3], LABELS[:3])
    talk = Conversation("source", exam(), TimedExam(some, SHAPE, batch_size=1, topic="topic"))
    reply = b""
    for frame in [*TO_PREDICT, stage(Stage.PREDICT)]:
        reply = talk.receive(frame)
    return talk, reply


def test_behind_the_exam_single_images_are_timed_and_count_for_nothing_else() -> None:
    talk, reply = timed_talk()
    sizes = []
    while reply:
        sizes.append(len(payload(reply)) - NONCE)
        shift = 0 if talk.accuracy is None else 1  # wrong where nothing is counted
        reply = talk.receive(Frame(Kind.CLASSES, answer(payload(reply), shift)))
    assert sizes == [4, 4, 2, 1, 1, 1]
    assert talk.finished and talk.accuracy == 1.0
    assert talk.latency_seconds is not None and talk.latency_seconds > 0


def test_a_network_that_fails_on_a_single_image_keeps_its_accuracy_and_has_no_latency() -> None:
    talk, reply = timed_talk()
    while talk.accuracy is None:
        reply = talk.receive(Frame(Kind.CLASSES, answer(payload(reply))))
    assert not talk.finished and reply
    talk.receive(FAILED)
    assert talk.finished and (talk.accuracy, talk.latency_seconds) == (1.0, None)
