import pytest

from medcontrol.rules.names import mask_name, mask_number, normalise_name, search_name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Alami", "ALAMI"),
        ("  el-fassi   O'Brien ", "EL FASSI O BRIEN"),
        ("Éléonore Çelik", "ELEONORE CELIK"),
        ("Œuvrard Straße", "OEUVRARD STRASSE"),
        ("أَحْمَد", "احمد"),
        ("إبراهيم", "ابراهيم"),
        ("آمنة", "امنه"),
        ("فاطمة الزهراء", "فاطمه الزهرا"),
        ("مصطفى", "مصطفي"),
        ("محـــمد", "محمد"),
        ("٩٩٩", "999"),
        ("Zo\u200fé", "ZOE"),
        ("", ""),
        ("---", ""),
    ],
)
def test_names_are_made_comparable(text, expected):
    assert normalise_name(text) == expected


def test_a_search_text_holds_each_word_once():
    assert search_name("El Alami", None, "José", "ALAMI") == "EL ALAMI JOSE"


def test_masks_hide_the_name_and_its_length():
    assert mask_name("Jo Alami") == "J••• A•••"
    assert mask_name("") == ""
    assert mask_number("999098419") == "•••419"
    assert mask_number("12345") == "•••"
    assert mask_number("12345", shown=0) == "•••"
