"""The web page's entry: `streamlit run streamlit_app.py`. Navigation only."""

import streamlit as st

from retriever.ui.shared import (
    ADD,
    ASK,
    DOCUMENT,
    EVALUATE,
    ICON,
    JUDGE,
    LIBRARY,
    MAP,
    OVERVIEW,
    SERVICE,
    VOCABULARY,
    banner,
    style,
)

st.set_page_config(page_title=SERVICE, page_icon=ICON, layout="wide")
style()
pages = [
    st.Page(ASK, title="Ask", default=True),
    st.Page(OVERVIEW, title="Topic overview", url_path="overview"),
    st.Page(MAP, title="Evidence map", url_path="map"),
    st.Page(LIBRARY, title="Library", url_path="library"),
    st.Page(DOCUMENT, title="Document", url_path="document"),
    st.Page(ADD, title="Add documents", url_path="add"),
    st.Page(VOCABULARY, title="Vocabulary", url_path="vocabulary"),
    st.Page(JUDGE, title="Judge", url_path="judge"),
    st.Page(EVALUATE, title="Evaluate", url_path="evaluate"),
]
current = st.navigation(pages, position="hidden")
banner(pages, current)
current.run()
