"""What a phone's camera takes in the demo: a painted scene from somewhere, a slip of paper on a table."""

from random import Random

from server.demo.canvas import Canvas, Colour, mixed

WIDTH, HEIGHT = 640, 480
# Sun through windows and between houses: so many bands, darker or lighter.
_BEAMS = 3
_LIGHTS = (0.74, 0.82, 1.16, 1.26)
_TABLE: Colour = (158, 116, 78)
_PAPER: Colour = (250, 250, 247)
_INK: Colour = (52, 58, 66)
_MARK: Colour = (196, 92, 72)


def seen(canvas: Canvas, rng: Random) -> bytes:
    """A PNG of 640 x 480 pixels: a scene from one viewpoint in the light of one hour.

    What finds recycled photos takes no two of them for the same, and it takes a third of the time of a scene.
    """
    left, top = rng.randint(0, canvas.width - WIDTH), rng.randint(0, canvas.height - HEIGHT)
    view = canvas.cut(left, top, WIDTH, HEIGHT, mirrored=rng.random() < 0.5)
    slope = rng.uniform(-0.8, 0.8)
    for _ in range(_BEAMS):
        at, width = rng.uniform(-0.3 * WIDTH, WIDTH), rng.randint(60, 200)
        view.beam(at, width, slope, rng.choice(_LIGHTS))
    return view.png()


def receipt() -> bytes:
    """A PNG of a paper slip on a table, with lines where words would stand."""
    canvas = Canvas(WIDTH, HEIGHT, _TABLE)
    canvas.shade(200, 30, 460, 460, 0.8)
    canvas.rectangle(190, 20, 450, 450, _PAPER)
    canvas.ellipse((320, 70), 22, 22, _MARK)
    for line, width in enumerate((140, 200, 180, 60, 200, 120, 160)):
        canvas.rectangle(215, 120 + 34 * line, 215 + width, 132 + 34 * line, mixed(_INK, _PAPER, 0.35))
    canvas.rectangle(215, 380, 425, 384, _INK)
    canvas.rectangle(330, 402, 425, 422, _INK)
    return canvas.png()
