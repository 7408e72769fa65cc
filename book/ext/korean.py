"""The search finds English words by their stems, as Sphinx does, and Korean ones with any particle behind them."""

import re

from sphinx.search import languages
from sphinx.search.en import SearchEnglish

# Longest first. What remains has two syllables or more: so short a word is seldom one with a particle.
PARTICLES = (
    "에서는|으로는|으로써|에서의|이라는|이라고|"
    "으로|에서|에게|까지|부터|처럼|보다|마다|이란|라는|라고|하는|하고|들은|들이|들을|들의|"
    "은|는|이|가|을|를|의|에|로|와|과|도|만|란|들"
)
HANGUL = re.compile(f"^([가-힣]{{2,}}?)(?:{PARTICLES})$")


class SearchEnglishKorean(SearchEnglish):
    """English as Sphinx has it, and Korean without its particles, in Python and in the page alike."""

    lang = "en-ko"
    js_splitter_code = f"""
{{
  const English = window.Stemmer, particles = /{HANGUL.pattern}/;
  window.Stemmer = function () {{
    const english = new English();
    this.stemWord = (word) => /[가-힣]/.test(word) ? word.replace(particles, "$1") : english.stemWord(word);
  }};
}}
"""

    def stem(self, word):
        """transposed -> transpos, 합성곱은 -> 합성곱."""
        return HANGUL.sub(r"\1", word) if re.search("[가-힣]", word) else super().stem(word)


def setup(app):
    """conf.py chooses it by html_search_language."""
    languages[SearchEnglishKorean.lang] = SearchEnglishKorean
    return {"parallel_read_safe": True}
