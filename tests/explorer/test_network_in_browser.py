"""The page "What a network sees" in a browser: its numbers are the networks'; pointers, keys, taps and addresses."""

import json
from pathlib import Path

import pytest
from page_drawn import drawn, grounds

pytestmark = pytest.mark.xdist_group("explorer")  # it is built once

DATA = Path(__file__).parents[2] / "book" / "network" / "data"
PAGE = json.loads((DATA / "network.json").read_text())
CHECKS = json.loads((DATA / "checks.json").read_text())
CLASSES = [one["name"] for one in PAGE["classes"]]
FIRST = PAGE["photos"][0]["number"]
COLOURS = """pixels => {
  const canvas = document.querySelector(".picture canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return pixels.map(([x, y]) => [...data.slice(4 * (y * canvas.width + x)).slice(0, 4)]);
}"""


@pytest.fixture
def open_network(browser, built):
    """A function that opens the page with an address's hash and options of a browser's context; errors are failures."""
    faults, contexts, address = [], [], (built / "network.html").as_uri()

    def open_network(hash="", width=1280, height=900, **options):
        contexts.append(browser.new_context(viewport={"width": width, "height": height}, **options))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(message.text))
        page.on("requestfailed", lambda request: faults.append(request.url))
        page.on("request", lambda request: faults.append(request.url) if outside(request.url) else None)
        page.goto(address + hash)
        page.wait_for_selector(".network .fusion")
        return page

    def outside(url):
        return not url.startswith((built.as_uri() + "/network", "data:,"))

    yield open_network
    for context in contexts:
        context.close()
    assert faults == []


def place(page, x, y):
    """Where a pixel of the photo is in the window."""
    photo = page.locator(".picture .stack")
    photo.scroll_into_view_if_needed()
    box = photo.bounding_box()
    return box["x"] + (x + 0.5) * box["width"] / PAGE["width"], box["y"] + (y + 0.5) * box["height"] / PAGE["height"]


def point(page, x, y):
    """Move the mouse to a pixel of the photo, and wait until the page tells of it."""
    page.mouse.move(*place(page, x, y))
    expected = f"Column {x}, row {y}"
    page.wait_for_function("text => document.querySelector('.about h2').textContent === text", arg=expected)


def shares(page):
    """The probabilities in percent, class by class, as they are written."""
    assert page.locator(".bars th").all_text_contents() == CLASSES
    return [float(text.removesuffix(" %")) for text in page.locator(".bars .number").all_text_contents()]


def terms(page):
    """The numbers below the pictures of the sum; the last is what they sum to."""
    return [float(text.replace("\N{MINUS SIGN}", "-")) for text in page.locator(".terms output").all_text_contents()]


@pytest.mark.parametrize("network", PAGE["networks"])
def test_hovering_shows_what_the_network_said(open_network, network):
    page = open_network(f"#photo={FIRST}&net={network}")
    checks = [check for check in CHECKS if (check["photo"], check["network"]) == (FIRST, network)][:6]
    painted = page.evaluate(COLOURS, [[check["x"], check["y"]] for check in checks])
    for check, colour in zip(checks, painted):
        point(page, check["x"], check["y"])
        assert shares(page) == pytest.approx(check["percent"], abs=0.55)
        winner = max(range(len(CLASSES)), key=check["percent"].__getitem__)
        assert page.locator(".verdicts tr.now td").first.text_content() == CLASSES[winner]
        assert page.locator(".bars tr.now th").text_content() == CLASSES[winner]
        assert colour == pytest.approx([*PAGE["classes"][winner]["colour"], 150], abs=1)  # half transparent: rounded


def test_pictures_load_for_every_photo_network_and_class(open_network):
    page = open_network("#seen=gradient")
    for photo in page.locator(".photos button").all():
        photo.click()
        assert page.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
        for network in page.locator("[aria-label=Network] button").all():
            network.click()
            url = page.locator(".gradient").evaluate("div => getComputedStyle(div).backgroundImage.slice(5, -2)")
            assert Path(url.removeprefix("file://")).is_file()
            for one in page.locator(".photos img, .picture img").all():
                assert one.get_attribute("alt") is not None


def test_the_sum_is_a_sum_and_skips_can_be_left_out(open_network):
    page = open_network(f"#photo={FIRST}&net=fcn8s&class=car&x=200&y=120")
    assert page.locator(".terms code").all_text_contents() == ["score_fr", "score_pool4", "score_pool3"]
    coarse, pool4, pool3, score = terms(page)
    assert score == pytest.approx(coarse + pool4 + pool3, abs=0.02)
    before = shares(page)
    page.get_by_role("checkbox", name="score_pool4").uncheck()
    assert terms(page) == pytest.approx([coarse, pool4, pool3, coarse + pool3], abs=0.02)
    assert shares(page) != before
    assert "without=score_pool4" in page.url
    page.reload()
    assert terms(page)[-1] == pytest.approx(coarse + pool3, abs=0.02)
    page.get_by_role("button", name="FCN-32s").click()
    assert len(terms(page)) == 1


def test_keys_go_from_pixel_to_pixel_and_the_address_keeps_it(open_network):
    page = open_network(f"#photo={FIRST}&net=fcn16s&x=100&y=90")
    page.locator(".picture .stack").focus()
    for key in ("ArrowRight", "Shift+ArrowDown", "ArrowUp", "ArrowUp"):
        page.keyboard.press(key)
    assert page.locator(".about h2").text_content() == "Column 101, row 98"
    assert "x=101&y=98" in page.url
    assert "Column 101, row 98" in page.locator("#network-readout").text_content()
    speaking = page.locator("[aria-live=polite], output:not([aria-live=off])")
    assert speaking.count() == 1  # the readout alone, not each term's number after it
    for _ in range(20):
        page.keyboard.press("Shift+ArrowLeft")
    assert page.locator(".about h2").text_content() == "Column 0, row 98"
    page.keyboard.press("Escape")
    assert "x=" not in page.url


def test_the_browsers_own_keys_and_buttons_are_left_to_it(open_network):
    page = open_network("#x=100&y=90")
    page.locator(".picture .stack").focus()
    page.keyboard.press("Control+ArrowRight")
    page.keyboard.press("Alt+ArrowRight")
    page.mouse.click(*place(page, 50, 60), button="right")
    assert drawn(page).locator(".about h2").text_content() == "Column 100, row 90"
    assert "x=100&y=90" in page.url


def test_a_click_holds_the_pixel_until_the_next(open_network):
    page = open_network()
    heading = page.locator(".about h2")
    page.mouse.click(*place(page, 50, 60))
    page.mouse.move(*place(page, 150, 60))
    assert heading.text_content() == "Column 50, row 60"
    page.mouse.click(*place(page, 150, 61))
    point(page, 20, 30)


def test_receptive_fields_are_drawn_where_they_lie(open_network):
    """VGG16's pool4 sees 100 pixels, and pool3 44 (lesson 13), of which about half lies outside at the corner."""

    def seen():
        return page.locator(".seen").text_content().replace("\N{MULTIPLICATION SIGN}", "x")

    page = open_network("#seen=pool4&x=120&y=90")
    box = [float(page.locator(".field").get_attribute(name)) for name in ("x", "width", "height")]
    assert box[1:] == [100, 100] and box[0] < 120 < box[0] + 100
    page.locator("select").select_option("pool3")
    page.mouse.click(*place(page, 120, 91))  # lets it go
    point(page, 0, 0)
    x, y, width, height = (float(page.locator(".field").get_attribute(name)) for name in ("x", "y", "width", "height"))
    assert (x, y) == (0, 0) and 22 <= width == height < 44
    assert f"44x44 pixels, of which {width:.0f}x{height:.0f} lie in the photo" in seen()
    photo = page.locator(".picture img")
    assert photo.get_attribute("alt").endswith("the classes laid over it, as FCN-8s sees it")
    page.locator("select").select_option("gradient")
    drawn(page)
    assert photo.get_attribute("alt").endswith("what FCN-8s's score depends on")
    side = PAGE["photos"][0]["networks"]["fcn8s"]["squares"][0]
    assert "pixel (10, 10), the nearest that was measured" in seen()
    assert f"a square of {side}x{side} pixels" in seen()


def test_a_tap_chooses_a_pixel(open_network):
    page = open_network(width=390, height=844, has_touch=True, is_mobile=True)
    page.touchscreen.tap(*place(page, 30, 140))
    text = page.locator(".about h2").text_content()
    assert text == "Column 30, row 140"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 760, 1280])
def test_nothing_scrolls_sideways(open_network, width, scheme):
    page = open_network("#class=car", width=width, color_scheme=scheme)
    assert drawn(page).evaluate("document.documentElement.scrollWidth") <= width
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(255, 255, 255)") == (scheme == "light")


def test_colours_that_tell_something_are_kept_where_the_system_forces_its_own(open_network):
    usual, forced = open_network("#class=car"), open_network("#class=car", forced_colors="active")
    coloured = ".network :is(.swatch, .bar i, .scale i, .stack)"
    assert grounds(forced, coloured) == grounds(usual, coloured)
    for group in (".photos", ".classes", ".bars", "[aria-label=Network]"):
        pressed, other = (grounds(forced, f"{group} [aria-pressed={now}]") for now in ("true", "false"))
        assert pressed[0] not in other, group


def test_what_is_no_choice_in_an_address_is_left(open_network):
    page = open_network("#photo=abc&net=vgg&class=dog&seen=pool9&x=-5&y=9999&without=score_fr")
    assert page.locator(".about h2").text_content() == "Column 0, row 179"
    assert page.locator("[aria-label=Network] [aria-pressed=true]").text_content().startswith("FCN-8s")
    assert page.locator(".classes [aria-pressed=true]").text_content() == "all classes"


def test_a_place_of_the_books_page_changes_nothing(open_network):
    page = open_network(f"#photo={FIRST}&net=fcn16s&class=car")
    page.evaluate("location.hash = '#main-content'")
    assert drawn(page).locator(".classes [aria-pressed=true]").text_content() == "car"


def test_what_there_is_to_try_is_there(open_network):
    page = open_network()
    links = page.locator(".trials a")
    addresses = links.evaluate_all("links => links.map(link => link.hash)")
    assert len(addresses) == 8
    for number, address in enumerate(addresses):
        links.nth(number).click()
        wanted = dict(pair.split("=") for pair in address[1:].split("&"))
        title = PAGE["networks"][wanted["net"]]["title"]
        page.locator("[aria-label=Network] [aria-pressed=true]", has_text=title).wait_for()
        page.locator(".classes [aria-pressed=true]", has_text=wanted.get("class", "all classes")).wait_for()
        assert page.locator("select").input_value() == wanted.get("seen", "pool4")
        assert page.locator(".faint").count() == len(wanted.get("without", "").split("+")) * ("without" in wanted)


def test_it_is_small(built):
    assert (built / "network.js").stat().st_size <= 60_000
    assert sum(picture.stat().st_size for picture in DATA.glob("*.webp")) <= 700_000
