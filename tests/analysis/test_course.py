import pytest

from paddle_cv.analysis.course import short_number
from tools.maintain.complexity_page import PAGE, page


def test_the_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == page(), "run python tools/maintain/complexity_page.py"


@pytest.mark.parametrize(
    "number, text",
    [(999, "999"), (1000, "1.00K"), (34848, "34.8K"), (117600, "118K"), (10**6, "1.00M"), (4_089_184_256, "4.09G")],
)
def test_short_numbers(number, text):
    assert short_number(number) == text
