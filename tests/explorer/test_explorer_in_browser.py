"""The explorer in a browser: what it shows for 60 settings, and what pointers, keys, taps and addresses do."""

import io
import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from page_drawn import drawn, grounds
from PIL import Image

pytestmark = pytest.mark.xdist_group("explorer")
LESSONS = Path(__file__).parents[2] / "lessons"

# What the page shows, as lists: kinds and entries of each map's cells, C and its transpose as they are drawn, and the
# colour of each entry there.
SHOWN = """() => {
  const cells = (id) => [...document.querySelectorAll(`#${id} .line`)].map((line) => [...line.children]);
  const kinds = (id) => cells(id).map((line) => line.map((cell) =>
    ["pixel", "zero", "padding", "unseen", "cut"].find((kind) => cell.classList.contains(kind))));
  const matrix = (id) => {
    const svg = document.querySelector(`#${id} svg`);
    const [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
    const rows = Array.from({ length: height / 20 }, () => new Array(width / 20).fill(0));
    const colours = {};
    for (const path of svg.querySelectorAll("path[data-entry]")) {
      colours[path.dataset.entry] = getComputedStyle(path).fill;
      for (const [, x, y] of path.getAttribute("d").matchAll(/M(\\d+) (\\d+)h20v20h-20z/g))
        rows[y / 20][x / 20] = Number(path.dataset.entry);
    }
    return { rows, colours };
  };
  const number = (text) => Number(text.replace("\\u2212", "-"));
  const result = (name) => number(document.querySelector(`[data-formula="${name}"] b`).textContent);
  return {
    formulas: ["reach", "output", "unseen", "stretched", "transposed-padding", "transposed-output"].map(result),
    padded: kinds("input"), stretched: kinds("stretched"),
    sizes: ["output", "small", "large"].map((id) => cells(id).length),
    C: matrix("C"), transposed: matrix("C-transposed"),
    kernel: cells("kernel").flat().map((cell) => [Number(cell.dataset.entry), getComputedStyle(cell).backgroundColor]),
    turned: cells("turned").flat().map((cell) => Number(cell.dataset.entry)),
  };
}"""


def address(setting, **more):
    return "#" + "&".join(f"{name}={value}" for name, value in {**setting, **more}.items())


def lit(page, id):
    """The cells of a map that have an entry's colour: {(row, column): entry}."""
    found = page.eval_on_selector_all(
        f"#{id} [data-entry]", "cells => cells.map(cell => [cell.dataset.at, cell.dataset.entry])"
    )
    return {tuple(map(int, at.split(","))): int(entry) for at, entry in found}


def marked(page, id):
    """The line of a matrix that is framed: ("row" or "column", number)."""
    mark = page.locator(f"#{id} .mark")
    x, y, height = (float(mark.get_attribute(name)) for name in ("x", "y", "height"))
    return ("row", y / 20) if height == 20 and x == 0 else ("column", x / 20)


def numbers(page, id):
    """What is written in the cells of a map."""
    texts = page.locator(f"#{id} .text").all_text_contents()
    return [float(text.replace("\N{MINUS SIGN}", "-")) for text in texts]


@pytest.mark.parametrize("part", range(12))
def test_sixty_settings_cell_by_cell(open_page, answers, part):
    page = open_page()
    told = [answer for answer in answers if answer["refusal"] is None][part:60:12]
    assert len(told) == 5
    for answer in told:
        setting = answer["setting"]
        page.evaluate("hash => { location.hash = hash }", address(setting))
        for id, count in (("output", len(answer["matrix"])), ("large", setting["input"] ** 2)):
            page.wait_for_function(f"document.querySelectorAll('#{id} .cell').length === {count}")
        shown, sizes, count = drawn(page).evaluate(SHOWN), answer["sizes"], setting["kernel"] ** 2
        names = ("reach", "output", "unseen", "stretched", "transposedPadding", "transposedOutput")
        assert shown["formulas"] == [sizes[name] for name in names], setting
        assert shown["padded"] == answer["padded"], setting
        assert shown["stretched"] == answer["stretched"], setting
        assert shown["sizes"] == [sizes["output"], sizes["output"], setting["input"]]
        assert shown["C"]["rows"] == answer["matrix"], setting
        assert shown["transposed"]["rows"] == np.transpose(answer["matrix"]).tolist(), setting
        assert [entry for entry, _ in shown["kernel"]] == list(range(1, count + 1))
        assert shown["turned"] == list(range(count, 0, -1))
        seen = [(int(n), colour) for which in ("C", "transposed") for n, colour in shown[which]["colours"].items()]
        for entry, colour in seen + shown["kernel"]:
            rgb = [int(value) for value in re.findall(r"\d+", colour)]
            assert np.abs(np.subtract(rgb, answer["colours"][entry - 1])).max() <= 4, (setting, entry)


def test_the_colours_are_on_the_screen(open_page, answers):
    page = open_page()
    answer = answers[5]  # padding, strides
    page.goto(page.url + address(answer["setting"], at="kernel,0,0"))
    page.reload()
    page.add_style_tag(content=".fades path, .fades text { opacity: 1 !important }")
    svg = page.locator("#C svg")
    picture = np.asarray(Image.open(io.BytesIO(svg.screenshot())).convert("RGB")).astype(int)
    _, cols = np.shape(answer["matrix"])
    side = picture.shape[1] / cols
    for (row, col), entry in np.ndenumerate(answer["matrix"]):
        corner = picture[int((row + 0.2) * side), int((col + 0.2) * side)]  # beside the letters
        expected = answer["colours"][entry - 1] if entry else (255, 255, 255)
        assert np.abs(corner - expected).max() <= 5, (row, col)


def test_hovering_over_an_output_pixel(open_page):
    page = open_page("#input=5&kernel=3&stride=2&padding=1")
    page.hover('#output [data-at="0,1"]')
    # The window begins in the padding's row 0, at column 2 of the padded input.
    assert lit(page, "input") == {(i, 2 + j): 1 + 3 * i + j for i in range(3) for j in range(3)}
    assert marked(page, "C") == ("row", 1) and marked(page, "C-transposed") == ("column", 1)
    # Its stamp has lost the row that lay on the padding.
    assert lit(page, "large") == {(i - 1, 1 + j): 1 + 3 * i + j for i in (1, 2) for j in range(3)}
    assert "row 1 of C" in page.locator("#convolution .told").inner_text()
    page.mouse.move(5, 5)  # away: what is chosen shows again, by itself the middle
    assert marked(page, "C") == ("row", 4)


def test_hovering_over_the_large_map(open_page):
    page = open_page("#input=5&kernel=3&stride=2&padding=1")
    page.hover('#large [data-at="1,1"]')
    # Four windows see pixel (1, 1), by their corners; the flipped kernel meets them, a zero between two of them.
    assert lit(page, "small") == lit(page, "output") == {(0, 0): 9, (0, 1): 7, (1, 0): 3, (1, 1): 1}
    assert lit(page, "stretched") == {(1 + i, 1 + j): 9 - 3 * i - j for i in range(3) for j in range(3)}
    assert marked(page, "C") == ("column", 6) and marked(page, "C-transposed") == ("row", 6)
    told = page.locator("#transposed .told").inner_text()
    assert "the flipped kernel meets 4 pixels of y" in told  # lesson 7's word; lesson 3 turns otherwise
    page.hover('#stretched [data-at="3,5"]')
    assert marked(page, "C") == ("row", 5)  # pixel (1, 2) of the small map
    page.hover('#stretched [data-at="2,2"]')  # a zero
    assert marked(page, "C") == ("row", 4)


def test_hovering_over_a_matrix_and_the_kernel(open_page):
    page = open_page("#input=4&kernel=3")
    box = page.locator("#C svg").bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + box["height"] * 5 / 8)  # the third of four rows
    assert lit(page, "input")[1, 0] == 1 and marked(page, "C") == ("row", 2)
    page.hover('#kernel [data-at="0,1"]')
    assert "4 times" in page.locator("#convolution .told").inner_text()
    only = page.locator("#C path.only").get_attribute("d")
    assert re.findall(r"M(\d+) (\d+)", only) == [("20", "0"), ("40", "20"), ("100", "40"), ("120", "60")]


def test_keys_alone(open_page):
    page = open_page("#input=4&kernel=3")
    page.focus('#output [tabindex="0"]')
    assert marked(page, "C") == ("row", 2)
    for key, row in (("ArrowRight", 3), ("ArrowDown", 3), ("ArrowUp", 1), ("Home", 0), ("End", 1), ("ArrowLeft", 0)):
        page.keyboard.press(key)
        assert marked(page, "C") == ("row", row), key
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate(outline) == "solid"
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "y 0, 0"
    stops = []
    for _ in range(60):
        page.keyboard.press("Tab")
        stops.append(page.evaluate("document.activeElement.closest('[id]')?.id"))
    assert {"small", "large", "input", "kernel", "output"} <= set(stops)  # each map is one stop, and is left again


def test_the_browsers_own_keys_are_left_to_it(open_page):
    page = open_page("#input=4&kernel=3&show=numbers")
    page.focus('#kernel [tabindex="0"]')
    for key in ("Alt+ArrowRight", "Control+ArrowDown", "Alt+1", "Control+Enter"):
        page.keyboard.press(key)
        assert drawn(page).evaluate("document.activeElement.dataset.at") == "0,0", key  # and it is not written into


def test_sliders_by_keys_and_the_output_padding(open_page):
    page = open_page("#input=5&kernel=3&stride=2&padding=1")
    page.focus("#set-output-padding ~ [type=range]")
    page.keyboard.press("ArrowRight")
    assert page.input_value("#set-input") == "6" and page.locator("#output .cell").count() == 9
    said = page.locator(".meaning").inner_text()
    assert "5 and 6 pixels both become 3" in said and "left over at the end, but that is padding" in said
    page.fill("#set-padding", "0")
    assert "never seen (number 5)" in page.locator(".meaning").inner_text()
    assert page.locator("#C .blind").count() == 11  # columns of zeros: a row and a column of 6x6
    page.fill("#set-stride", "9")
    assert page.locator(".refusal").inner_text() == "stride 9: give a whole number from 1 to 5"
    assert page.locator("#output .cell").count() == 4  # as before
    page.fill("#set-kernel", "7")
    assert "reaches over 7 pixels, but the padded input has only 6" in page.locator("[role=alert].refused").inner_text()
    page.fill("#set-kernel", "6")
    page.wait_for_function("document.querySelectorAll('#output .cell').length === 1")


def test_a_number_is_deleted_and_typed_anew(open_page):
    page = open_page("#input=5&kernel=3")
    page.focus("#set-input")
    for key, there in (("End", "5"), ("Backspace", ""), ("4", "4"), ("4", "44"), ("Backspace", "4")):
        page.keyboard.press(key)
        assert drawn(page).input_value("#set-input") == there
        assert page.locator(".refusal").count() == (there in ("", "44"))
    assert page.evaluate("location.hash") == "#input=4&kernel=3"
    page.keyboard.press("Backspace")
    page.keyboard.press("Tab")  # away: what holds stands there again
    assert page.input_value("#set-input") == "4" and drawn(page).locator(".refusal").count() == 0


def test_taps_and_numbers_of_ones_own(open_page):
    page = open_page("#input=3&kernel=2&show=numbers", width=390, height=844, has_touch=True, is_mobile=True)
    page.tap('#output [data-at="1,0"]')
    assert marked(page, "C") == ("row", 2)
    x, weights = np.array(numbers(page, "input")).reshape(3, 3), np.array(numbers(page, "kernel")).reshape(2, 2)
    page.tap('#input [data-at="1,1"]')
    assert page.locator(".writing").count() == 0  # no keyboard comes up for a first tap
    zooms = "getComputedStyle(document.querySelector('#input .there')).touchAction"
    assert page.evaluate(zooms) == "manipulation"  # two quick taps do not zoom in
    page.tap('#input [data-at="1,1"]')
    assert page.locator(".writing").count() == 1
    page.keyboard.type("-7.5")
    page.keyboard.press("Enter")
    page.focus('#kernel [data-at="0,0"]')
    page.keyboard.press("ArrowRight")
    page.keyboard.type("10")
    page.keyboard.press("Enter")
    x[1, 1], weights[0, 1] = -7.5, 10
    y = [[(x[r : r + 2, c : c + 2] * weights).sum() for c in range(2)] for r in range(2)]
    assert numbers(page, "output") == np.ravel(y).tolist() == numbers(page, "small")
    z = np.zeros((3, 3))
    for r, c in np.ndindex(2, 2):
        z[r : r + 2, c : c + 2] += y[r][c] * weights
    assert numbers(page, "large") == z.ravel().tolist()
    kept = page.evaluate("location.hash")
    assert "weights=2,10,3,1" in kept and "image=1,2,3,4,-7.5,3,2,5,3" in kept
    page.click("text=first numbers again")
    assert "weights" not in page.evaluate("location.hash")


def test_what_is_no_number_is_said_and_can_be_mended(open_page):
    page = open_page("#input=3&kernel=2&show=numbers")
    page.focus('#kernel [data-at="0,0"]')
    for text in ("4x", "1,000,5", "1e400", "-2e9", " "):
        page.keyboard.press("F2")
        page.locator(".writing").fill(text)
        page.keyboard.press("Enter")
        said = page.evaluate("document.activeElement.validationMessage")
        assert said == "Give a number from \N{MINUS SIGN}1000000000 to 1000000000", text
        page.keyboard.press("Escape")
    assert numbers(drawn(page), "kernel") == [2, 3, 3, 1]
    page.keyboard.press("F2")
    assert page.locator(".writing").get_attribute("inputmode") is None  # which would take some phones' minus away
    page.locator(".writing").fill("4x")
    page.keyboard.press("Enter")
    page.locator(".writing").fill("\N{MINUS SIGN}1,5")
    page.keyboard.press("Enter")
    assert drawn(page).locator(".writing").count() == 0 and numbers(page, "kernel") == [-1.5, 3, 3, 1]


@pytest.mark.parametrize("side", [3, 8])
def test_large_numbers_stay_in_their_cells(open_page, side):
    image = ",".join((["1e9", "-99.99", "-12345.678", "255", "0.125"] * 13)[: side**2])
    weights = "-1e9,-12345.678,255.5,1e9"
    page = open_page(f"#input={side}&kernel=2&show=numbers&weights={weights}&image={image}&at=small,0,0")
    assert page.locator(".notice").count() == 0
    sticking_out = """() => [...document.querySelectorAll(".cells .text, .cells .below")].flatMap((text) => {
      const range = document.createRange();
      range.selectNodeContents(text);
      const [inner, cell] = [range, text.closest(".cell")].map((one) => one.getBoundingClientRect());
      return inner.left < cell.left - 0.5 || inner.right > cell.right + 0.5 ? [text.textContent] : [];
    })"""
    assert page.evaluate(sticking_out) == []
    shown = " ".join(page.locator(".explorer .text, .explorer .sum").all_text_contents())
    assert "NaN" not in shown and "Infinity" not in shown and "\N{MINUS SIGN}12346" in shown
    page.click('#large [data-at="0,0"]')  # and the address that keeps it is one that can be read
    page.reload()
    page.wait_for_selector(".explorer .map")
    assert page.locator(".notice").count() == 0


def test_the_address_there_and_back(open_page):
    page = open_page()
    assert page.evaluate("location.hash") == ""
    page.click("text=padding, strides (odd)")
    page.click('#large [data-at="5,5"]')
    odd = page.evaluate("location.hash")
    assert odd == "#input=6&kernel=3&stride=2&padding=1&at=large,5,5"
    page.wait_for_timeout(750)  # what follows sooner is one step of the history
    page.click("text=half padding, no strides")
    assert page.input_value("#set-stride") == "1"
    page.go_back()
    page.wait_for_function("document.querySelector('#set-stride').value === '2'")
    assert page.evaluate("location.hash") == odd and marked(page, "C") == ("column", 35)
    page.go_forward()
    page.wait_for_function("document.querySelector('#set-stride').value === '1'")
    again = open_page("#input=5&kernel=3&stride=2&show=numbers&weights=1,2,3,0,1,0,1,0,1&small=1,2,3,4&at=small,1,1")
    stamp = {(i, j): value for (i, j), value in np.ndenumerate([[1, 2, 3], [0, 1, 0], [1, 0, 1]])}
    z = np.zeros((5, 5))
    for (r, c), value in np.ndenumerate([[1, 2], [3, 4]]):
        for (i, j), weight in stamp.items():
            z[2 * r + i, 2 * c + j] += value * weight
    assert numbers(again, "large") == z.ravel().tolist()


@pytest.mark.parametrize("refusal", ["throw new DOMException('too many', 'SecurityError')", "return"])
def test_an_address_that_changes_too_often_follows_later(open_page, refusal):
    page = open_page("#input=4&kernel=3")
    page.evaluate(f"() => {{ history.replaceState = () => {{ {refusal} }} }}")  # as Safari and Chrome do
    page.focus('#large [tabindex="0"]')
    for key in ("ArrowRight", "ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
    assert marked(drawn(page), "C") == ("column", 6) and page.evaluate("location.hash") == "#input=4&kernel=3"
    page.evaluate("delete history.replaceState")
    page.wait_for_function("location.hash.endsWith('at=large,1,2')")


def test_a_place_of_the_books_page_changes_nothing(open_page):
    page = open_page("#input=7&kernel=2&stride=3")
    page.evaluate("location.hash = '#main-content'")
    page.wait_for_function("location.hash === '#main-content'")
    assert drawn(page).input_value("#set-input") == "7"
    page.fill("#set-kernel", "3")
    assert page.evaluate("location.hash") == "#input=7&kernel=3&stride=3"


@pytest.mark.parametrize(
    "hash, said",
    [
        ("#input=abc&kernel=3", "input abc: give a whole number from 1 to 9; it is 5 here"),
        ("#input=5&kernel=3&stride=0", "stride 0: give a whole number from 1 to 5; it is 1 here"),
        ("#input=5&kernel=3&at=small,9,9", "small,9,9, where there is no pixel"),
        ("#input=5&kernel=2&weights=1,2,x,4", "weights must be 4 numbers"),
        ("#input=2&kernel=5&padding=1", "use a larger image or more padding"),
    ],
)
def test_what_cannot_be_is_said(open_page, hash, said):
    page = open_page(hash)
    assert said in page.locator(".notice").inner_text()
    assert page.locator(".explorer .cell").count() > 10


def test_an_address_of_any_length_is_answered_in_a_few_words(open_page):
    page = open_page(f"#input={'9' * 3000}&at={'A' * 3000}&kernel=<img src=x onerror=alert(1)>&%00&%E0%A4", width=320)
    said = page.locator(".notice").inner_text()
    assert "input 999999999999999999999999\u2026: give" in said and len(said) < 400
    assert page.locator("img").count() == 0
    assert drawn(page).evaluate("document.documentElement.scrollWidth") <= 320


def test_the_lessons_lead_to_cases_that_there_are(open_page):
    texts = {path.name[:2]: path.read_text("utf-8") for path in LESSONS.glob("[0-9]*.py")}
    links = {number: re.findall(r"explorer/index\.html(#[^)]*)\)", text) for number, text in texts.items()}
    assert {number for number, found in links.items() if found} == {"03", "07", "08"}
    for hash in itertools.chain(*links.values()):
        page = open_page(hash)
        assert page.locator(".notice").count() == 0 and page.evaluate("location.hash") == hash


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_screen(open_page, answers, width):
    page = open_page(width=width)
    widest = [a["setting"] for a in answers[:7]]
    largest = {"input": 9, "kernel": 7, "padding": 6}
    widest += [largest, {**largest, "dilation": 4, "show": "numbers"}]
    for setting in widest:
        page.evaluate("hash => { location.hash = hash }", address(setting))
        assert drawn(page).evaluate("document.documentElement.scrollWidth") <= width, setting


def test_dark_light_and_still(open_page):
    ground = "getComputedStyle(document.body).backgroundColor"
    light, dark = open_page(color_scheme="light"), open_page(color_scheme="dark", reduced_motion="reduce")
    assert light.evaluate(ground) == "rgb(255, 255, 255)" and dark.evaluate(ground) == "rgb(20, 24, 29)"
    moving = "getComputedStyle(document.querySelector('.frame')).transitionDuration"
    assert dark.evaluate(moving) == "0s" != light.evaluate(moving)
    dark.evaluate("document.documentElement.dataset.theme = 'light'")  # the book's own switch
    text = "getComputedStyle(document.querySelector('.explorer')).color"
    assert dark.evaluate(text) == light.evaluate(text)


def test_colours_that_tell_something_are_kept_where_the_system_forces_its_own(open_page):
    usual, forced = open_page(), open_page(forced_colors="active")
    coloured = ".explorer .cell, .explorer .chip, .explorer .gradient"
    assert grounds(forced, coloured) == grounds(usual, coloured)
    pressed, other = (grounds(forced, f".mode [aria-pressed={now}]") for now in ("true", "false"))
    assert pressed != other
