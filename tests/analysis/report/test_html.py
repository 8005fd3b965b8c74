from rung.analysis.report.html import Html, data, element, joined


def test_text_is_escaped_and_markup_is_not():
    assert element("p", "<b>", Html("<i></i>")) == "<p>&lt;b&gt;<i></i></p>"
    assert joined(None, "a & b", [Html("<br>")]) == "a &amp; b<br>"


def test_an_attribute_cannot_be_left():
    assert element("a", "x", href='"><script>') == '<a href="&quot;&gt;&lt;script&gt;">x</a>'
    assert (
        element("input", class_="c", data_row=3, hidden=True, title=None)
        == '<input class="c" data-row="3" hidden>'
    )


def test_data_cannot_end_its_script():
    written = data("d", {"name": "</script><!--"})
    assert written.count("</script>") == 1
    assert "<!--" not in written
