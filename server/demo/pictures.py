"""Photos for the demo's visits: drawn street fronts, lobbies and counters, no two alike.

They stand in for what a shopper's phone takes. Nobody is in them and nothing in them is real.
"""

from collections.abc import Callable, Mapping
from random import Random
from types import MappingProxyType
from typing import Literal

from server.demo.canvas import Canvas, Colour, mixed
from server.demo.chance import stream

SceneKind = Literal["street", "lobby", "counter"]

WIDTH, HEIGHT = 960, 720

_WHITE: Colour = (250, 250, 247)
_DARK: Colour = (52, 58, 66)
_STEEL: Colour = (168, 174, 180)
_GLASS: Colour = (176, 204, 214)
_BRAND: tuple[Colour, ...] = ((22, 92, 106), (18, 84, 112), (30, 100, 96))
_WALLS: tuple[Colour, ...] = ((232, 227, 216), (224, 229, 230), (236, 232, 226), (218, 224, 216))
_FLOORS: tuple[Colour, ...] = ((196, 188, 174), (184, 188, 190), (206, 198, 186), (172, 168, 160))
_WOODS: tuple[Colour, ...] = ((158, 116, 78), (134, 98, 70), (176, 138, 98))
_LEAVES: tuple[Colour, ...] = ((74, 122, 82), (92, 136, 78), (62, 108, 88))
_POSTERS: tuple[Colour, ...] = ((196, 92, 72), (66, 118, 158), (214, 164, 84), (106, 142, 98), (128, 98, 148))

# The catalogue's groups by the beginning of an item's code; what is not listed is seen in the lobby.
_GROUPS: Mapping[str, SceneKind] = MappingProxyType({"OUT": "street", "TEL": "counter", "LOW": "counter"})


def kind_for(code: str) -> SceneKind:
    """What a photo for an item shows, by the item's code or name (`OUT-01`, `tel_10`)."""
    return _GROUPS.get(code[:3].upper(), "lobby")


def scene(kind: SceneKind, seed: int) -> bytes:
    """A PNG of 960 x 720 pixels, below 60 kB."""
    return painted(kind, seed).png()


def painted(kind: SceneKind, seed: int) -> Canvas:
    """The scene of a seed, to be looked at from somewhere."""
    rng = stream(seed, "picture", kind)
    canvas = Canvas(WIDTH, HEIGHT, _WHITE)
    _SCENES[kind](canvas, rng)
    return canvas


def _street(canvas: Canvas, rng: Random) -> None:
    light = rng.uniform(0.0, 0.5)
    canvas.gradient((0, 0, WIDTH, 330), mixed((150, 188, 216), (206, 208, 204), light), (228, 234, 236))
    _skyline(canvas, rng)
    pavement = rng.choice(_FLOORS)
    top, ground = rng.randint(120, 160), 560
    canvas.gradient((0, ground, WIDTH, 640), mixed(pavement, _WHITE, 0.2), pavement)
    canvas.gradient((0, 648, WIDTH, HEIGHT), (104, 108, 112), (86, 90, 94))
    canvas.rectangle(0, 640, WIDTH, 648, (206, 206, 200))
    for joint in range(rng.randint(-60, 0), WIDTH, 96):
        canvas.polygon(((joint, 640), (joint + 3, 640), (joint + 40, ground), (joint + 38, ground)), _STEEL)
    left, right = rng.randint(60, 120), WIDTH - rng.randint(60, 120)
    wall = rng.choice(_WALLS)
    canvas.gradient((left, top, right, ground), mixed(wall, _WHITE, 0.3), mixed(wall, _DARK, 0.08))
    _upper_windows(canvas, (left, right), top)
    _front_glass(canvas, rng, (left, right), ground)
    _sign(canvas, rng, (left - 12, 262, right + 12, 328))
    _ramp(canvas, rng, right, ground)
    _planter(canvas, rng, left + 40, ground + 30)
    _planter(canvas, rng, right - 70, ground + 30)


def _skyline(canvas: Canvas, rng: Random) -> None:
    edge = -20
    while edge < WIDTH:
        width, height = rng.randint(70, 150), rng.randint(120, 300)
        tone = mixed((186, 196, 204), (206, 212, 216), rng.random())
        canvas.rectangle(edge, 560 - height - 180, edge + width, 560, tone)
        edge += width + rng.randint(-8, 24)


def _upper_windows(canvas: Canvas, sides: tuple[int, int], top: int) -> None:
    left, right = sides
    for edge in range(left + 36, right - 70, 104):
        canvas.rectangle(edge - 4, top + 26, edge + 64, 248, _WHITE)
        canvas.gradient((edge, top + 30, edge + 60, 244), (128, 158, 174), (188, 208, 214))
        canvas.rectangle(edge + 28, top + 30, edge + 32, 244, _WHITE)


def _front_glass(canvas: Canvas, rng: Random, sides: tuple[int, int], ground: int) -> None:
    """Shop windows with posters and, somewhere in the middle, the door."""
    left, right = sides
    panes = 5
    width = (right - left - 40) / panes
    door = rng.randint(1, panes - 2)
    for pane in range(panes):
        edge = left + 20 + pane * width
        canvas.rectangle(edge, 344, edge + width, ground, _DARK)
        canvas.gradient((edge + 6, 350, edge + width - 6, ground - 8), (96, 124, 138), _GLASS)
        canvas.polygon(
            (
                (edge + 20, ground - 8),
                (edge + 60, ground - 8),
                (edge + width - 30, 350),
                (edge + width - 60, 350),
            ),
            (162, 190, 202),
        )
        if pane == door:
            _door(canvas, edge, width, ground)
        elif rng.random() < 0.7:
            _poster(canvas, rng, (edge + width / 2 - 36, 392, edge + width / 2 + 36, 496))


def _door(canvas: Canvas, edge: float, width: float, ground: int) -> None:
    middle = edge + width / 2
    canvas.rectangle(middle - 3, 350, middle + 3, ground, _DARK)
    for handle in (middle - 14, middle + 9):
        canvas.rectangle(handle, 430, handle + 5, 500, _WHITE)
    canvas.rectangle(edge + 8, ground - 4, edge + width - 8, ground + 14, (122, 66, 58))


def _sign(canvas: Canvas, rng: Random, box: tuple[int, int, int, int]) -> None:
    """The board with the round mark and bars where the name would stand."""
    left, top, right, bottom = box
    brand = rng.choice(_BRAND)
    canvas.gradient(box, mixed(brand, _WHITE, 0.12), brand)
    canvas.rectangle(left, bottom, right, bottom + 6, mixed(brand, _DARK, 0.5))
    middle, height = (top + bottom) / 2, bottom - top
    mark = (left + right) / 2 - 190
    canvas.ellipse((mark, middle), height * 0.34, height * 0.34, _WHITE)
    canvas.ellipse((mark + 5, middle - 3), height * 0.22, height * 0.22, brand)
    for letter in range(4):
        _glyph(canvas, rng, (mark + 50 + letter * 48, middle - 17), 34)
    for letter in range(rng.randint(9, 13)):
        start = mark + 256 + letter * 15
        canvas.rectangle(start, middle - 2, start + 10, middle + 12, mixed(brand, _WHITE, 0.8))


def _glyph(canvas: Canvas, rng: Random, corner: tuple[float, float], size: int) -> None:
    """Strokes in a square that read as a character from a distance."""
    x, y = corner
    for stroke in sorted(rng.sample(range(5), 3)):
        level = y + stroke * size / 4.6
        canvas.rectangle(x + rng.randint(0, 5), level, x + size - rng.randint(0, 5), level + 4, _WHITE)
    for stroke in sorted(rng.sample(range(4), 2)):
        upright = x + 4 + stroke * size / 4.2
        canvas.rectangle(upright, y + rng.randint(0, 6), upright + 4, y + size - rng.randint(0, 6), _WHITE)


def _ramp(canvas: Canvas, rng: Random, right: int, ground: int) -> None:
    if rng.random() < 0.75:
        slope = ((right - 190, ground + 34), (right - 20, ground - 2), (right - 20, ground + 34))
        canvas.polygon(slope, (178, 176, 170))
        canvas.polygon(
            (
                (right - 190, ground - 14),
                (right - 20, ground - 50),
                (right - 20, ground - 44),
                (right - 190, ground - 8),
            ),
            _STEEL,
        )
        for post in (right - 188, right - 108, right - 26):
            lift = (post - right + 190) * 0.21
            canvas.rectangle(post, ground - 12 - lift, post + 5, ground + 32 - lift, _STEEL)


def _planter(canvas: Canvas, rng: Random, x: float, ground: float) -> None:
    leaves = rng.choice(_LEAVES)
    for _ in range(9):
        spot = (x + rng.uniform(-4, 44), ground - rng.uniform(52, 104))
        canvas.ellipse(
            spot, rng.uniform(14, 24), rng.uniform(12, 22), mixed(leaves, _WHITE, rng.uniform(0, 0.2))
        )
    canvas.polygon(
        ((x - 8, ground - 52), (x + 48, ground - 52), (x + 42, ground), (x - 2, ground)), (146, 126, 112)
    )


def _poster(canvas: Canvas, rng: Random, box: tuple[float, float, float, float]) -> None:
    left, top, right, bottom = box
    colour = rng.choice(_POSTERS)
    canvas.rectangle(left - 4, top - 4, right + 4, bottom + 4, _WHITE)
    canvas.gradient(box, mixed(colour, _WHITE, 0.25), colour)
    canvas.rectangle(left + 8, top + 10, right - 8, top + 20, _WHITE)
    radius = (right - left) * 0.22
    canvas.ellipse(((left + right) / 2, (top + bottom) / 2), radius, radius, mixed(colour, _WHITE, 0.6))
    line = bottom - 26
    while line < bottom - 6:
        canvas.rectangle(left + 10, line, right - rng.randint(10, 26), line + 4, mixed(colour, _WHITE, 0.75))
        line += 9


def _room(canvas: Canvas, rng: Random, horizon: int) -> None:
    """Back wall, ceiling with lights, tiled floor running to one point."""
    wall, floor = rng.choice(_WALLS), rng.choice(_FLOORS)
    canvas.gradient((0, 0, WIDTH, 96), (214, 216, 216), (240, 240, 236))
    canvas.gradient((0, 96, WIDTH, horizon), mixed(wall, _WHITE, 0.35), wall)
    canvas.gradient((0, horizon, WIDTH, HEIGHT), mixed(floor, _DARK, 0.06), mixed(floor, _WHITE, 0.3))
    vanishing = rng.randint(430, 530)
    joint = mixed(floor, _DARK, 0.16)
    for step in range(-14, 15):
        near, far = vanishing + step * 150, vanishing + step * 46
        canvas.polygon(((far, horizon), (far + 1.5, horizon), (near + 4, HEIGHT), (near, HEIGHT)), joint)
    depth = 10.0
    line = float(horizon)
    while line < HEIGHT:
        canvas.rectangle(0, line, WIDTH, line + max(1.0, depth / 22), joint)
        line += depth
        depth *= 1.45
    canvas.rectangle(0, horizon - 10, WIDTH, horizon, mixed(wall, _DARK, 0.3))
    for light in range(4):
        x = 110 + light * 240 + rng.randint(-8, 8)
        canvas.polygon(((x, 30), (x + 130, 30), (x + 116, 52), (x + 14, 52)), (255, 255, 250))


def _lobby(canvas: Canvas, rng: Random) -> None:
    horizon = rng.randint(410, 440)
    _room(canvas, rng, horizon)
    _sign(canvas, rng, (150, 118, 810, 172))
    machines = rng.randint(2, 4)
    for number in range(machines):
        _cash_machine(canvas, rng, 70 + number * 112, horizon)
    for number in range(rng.randint(1, 3)):
        left = 560 + number * 120
        _poster(canvas, rng, (left, 214, left + 84, 330))
    _one_metre_line(canvas, horizon + 118)
    _seats(canvas, rng, rng.randint(500, 560), horizon + 60)
    _queue_machine(canvas, rng, rng.randint(280, 360), horizon + 190)
    if rng.random() < 0.8:
        _planter(canvas, rng, 880, horizon + 90)
    if rng.random() < 0.6:
        _dispenser(canvas, 450 + rng.randint(0, 20), horizon)


def _cash_machine(canvas: Canvas, rng: Random, x: int, ground: int) -> None:
    brand = rng.choice(_BRAND)
    canvas.shade(x - 6, ground, x + 98, ground + 12, 0.8)
    canvas.gradient((x, ground - 186, x + 92, ground + 6), (222, 226, 228), (186, 192, 196))
    canvas.rectangle(x, ground - 204, x + 92, ground - 180, brand)
    canvas.rectangle(x + 12, ground - 166, x + 80, ground - 112, _DARK)
    screen = rng.choice(((86, 150, 178), (98, 164, 150), (60, 66, 74)))
    canvas.gradient((x + 16, ground - 162, x + 76, ground - 116), mixed(screen, _WHITE, 0.3), screen)
    canvas.rectangle(x + 16, ground - 98, x + 52, ground - 72, (150, 156, 162))
    for key in range(9):
        left, top = x + 19 + key % 3 * 11, ground - 95 + key // 3 * 8
        canvas.rectangle(left, top, left + 8, top + 5, _WHITE)
    canvas.rectangle(x + 60, ground - 96, x + 80, ground - 90, _DARK)
    canvas.rectangle(x + 14, ground - 54, x + 78, ground - 44, _DARK)


def _queue_machine(canvas: Canvas, rng: Random, x: int, ground: int) -> None:
    brand = rng.choice(_BRAND)
    canvas.ellipse((x + 42, ground + 4), 66, 13, (150, 146, 138))
    canvas.gradient((x + 20, ground - 150, x + 64, ground), (206, 210, 214), (164, 170, 176))
    canvas.polygon(
        ((x - 6, ground - 160), (x + 90, ground - 160), (x + 80, ground - 250), (x + 4, ground - 250)), _DARK
    )
    canvas.polygon(
        ((x + 4, ground - 168), (x + 80, ground - 168), (x + 72, ground - 242), (x + 12, ground - 242)),
        (206, 226, 230),
    )
    for button in range(3):
        top = ground - 234 + button * 22
        canvas.rectangle(x + 18, top, x + 66, top + 14, mixed(brand, _WHITE, 0.15 * button))
    canvas.rectangle(x + 22, ground - 156, x + 62, ground - 150, _WHITE)
    if rng.random() < 0.7:
        canvas.polygon(
            ((x + 34, ground - 152), (x + 52, ground - 152), (x + 54, ground - 124), (x + 36, ground - 124)),
            _WHITE,
        )


def _seats(canvas: Canvas, rng: Random, x: int, ground: int) -> None:
    colour = rng.choice(((88, 112, 128), (112, 120, 128), (70, 104, 110)))
    number = rng.randint(3, 4)
    for row in range(2):
        base = ground + row * 74
        left = x + row * 26
        span = number * 80
        canvas.shade(left - 6, base + 44, left + span + 6, base + 54, 0.86)
        canvas.rectangle(left, base + 22, left + span, base + 27, _STEEL)
        for leg in (left + 16, left + span - 20):
            canvas.rectangle(leg, base + 26, leg + 6, base + 50, _STEEL)
        for seat in range(number):
            edge = left + seat * 80
            # The seats kept for older people are of another colour.
            tone = (204, 142, 78) if row == 0 and seat == number - 1 else colour
            canvas.gradient((edge + 4, base - 40, edge + 74, base + 8), mixed(tone, _WHITE, 0.18), tone)
            canvas.polygon(
                ((edge + 4, base + 8), (edge + 74, base + 8), (edge + 80, base + 23), (edge, base + 23)),
                mixed(tone, _DARK, 0.25),
            )


def _dispenser(canvas: Canvas, x: int, ground: int) -> None:
    canvas.rectangle(x, ground - 120, x + 46, ground + 6, (232, 234, 236))
    canvas.rectangle(x + 6, ground - 76, x + 40, ground - 54, (120, 128, 136))
    canvas.gradient((x + 8, ground - 168, x + 38, ground - 120), (176, 208, 226), (132, 178, 206))


def _one_metre_line(canvas: Canvas, y: int) -> None:
    canvas.rectangle(0, y, WIDTH, y + 9, (222, 184, 70))


def _counter(canvas: Canvas, rng: Random) -> None:
    horizon = rng.randint(440, 460)
    _room(canvas, rng, horizon)
    windows = rng.randint(2, 4)
    wood = rng.choice(_WOODS)
    width = WIDTH / windows
    canvas.gradient((0, 196, WIDTH, horizon - 60), (196, 204, 206), (168, 180, 184))
    for number in range(windows):
        _behind_glass(canvas, rng, number * width, width)
    canvas.rectangle(0, 184, WIDTH, 196, _STEEL)
    canvas.gradient((0, horizon - 74, WIDTH, horizon - 50), (238, 236, 230), (206, 202, 194))
    canvas.gradient((0, horizon - 50, WIDTH, horizon + 96), wood, mixed(wood, _DARK, 0.35))
    canvas.rectangle(0, horizon + 88, WIDTH, horizon + 100, mixed(wood, _DARK, 0.6))
    canvas.shade(0, horizon + 100, WIDTH, horizon + 122, 0.88)
    for number in range(windows):
        _window_front(canvas, rng, number * width, (width, horizon))
    _one_metre_line(canvas, horizon + 186)
    _stool(canvas, rng, width * rng.randint(0, windows - 1) + width / 2, horizon + 60)


def _behind_glass(canvas: Canvas, rng: Random, left: float, width: float) -> None:
    middle = left + width / 2
    canvas.gradient((left + 14, 200, left + width - 14, 390), (188, 206, 210), (150, 168, 174))
    canvas.rectangle(middle - 60, 300, middle + 18, 352, _DARK)
    canvas.rectangle(middle - 55, 305, middle + 13, 347, rng.choice(((92, 132, 152), (76, 118, 120))))
    canvas.rectangle(middle - 28, 352, middle - 14, 376, _DARK)
    chair = rng.choice(((70, 84, 96), (86, 78, 74)))
    canvas.ellipse((middle + 66, 312), 34, 12, chair)
    canvas.rectangle(middle + 32, 312, middle + 100, 362, chair)
    canvas.rectangle(middle + 60, 362, middle + 72, 390, _DARK)
    canvas.polygon(
        ((left + 26, 386), (left + 66, 386), (left + width * 0.6, 200), (left + width * 0.6 - 34, 200)),
        (196, 214, 218),
    )
    canvas.rectangle(left - 6, 190, left + 8, 400, _STEEL)


def _window_front(canvas: Canvas, rng: Random, left: float, size: tuple[float, int]) -> None:
    """Number board above, tray, rating pad and, at some windows, the plate that says it is closed."""
    width, horizon = size
    middle = left + width / 2
    brand = rng.choice(_BRAND)
    canvas.rectangle(middle - 74, 128, middle + 74, 172, brand)
    canvas.ellipse((middle - 48, 150), 15, 15, _WHITE)
    for letter in range(3):
        _glyph(canvas, rng, (middle - 22 + letter * 30, 139), 22)
    canvas.rectangle(middle - 36, horizon - 68, middle + 36, horizon - 56, (120, 124, 128))
    canvas.rectangle(middle + 60, horizon - 104, middle + 100, horizon - 70, _DARK)
    canvas.rectangle(middle + 64, horizon - 100, middle + 96, horizon - 76, (110, 176, 160))
    if rng.random() < 0.35:
        canvas.polygon(
            (
                (middle - 110, horizon - 70),
                (middle - 50, horizon - 70),
                (middle - 54, horizon - 108),
                (middle - 106, horizon - 108),
            ),
            (184, 76, 66),
        )
        canvas.rectangle(middle - 98, horizon - 94, middle - 62, horizon - 88, _WHITE)
    canvas.rectangle(left + width - 3, horizon - 46, left + width + 1, horizon + 88, (92, 70, 54))


def _stool(canvas: Canvas, rng: Random, x: float, ground: float) -> None:
    colour = rng.choice(((74, 88, 104), (126, 78, 66), (84, 96, 88)))
    canvas.ellipse((x, ground + 148), 60, 12, (146, 142, 134))
    canvas.rectangle(x - 5, ground + 62, x + 5, ground + 146, _STEEL)
    canvas.ellipse((x, ground + 144), 44, 8, _STEEL)
    canvas.ellipse((x, ground + 62), 58, 16, mixed(colour, _DARK, 0.3))
    canvas.ellipse((x, ground + 54), 58, 15, colour)


_SCENES: Mapping[SceneKind, Callable[[Canvas, Random], None]] = MappingProxyType(
    {"street": _street, "lobby": _lobby, "counter": _counter}
)
