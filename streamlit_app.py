"""The web page's entry: `streamlit run streamlit_app.py`. Navigation only."""

import streamlit as st

from retriever.ui.shared import (
    ADD,
    ASK,
    CHECK,
    COLLECTIONS,
    DOCUMENT,
    EVALUATE,
    HEALTH,
    HISTORY,
    ICON,
    JUDGE,
    LIBRARY,
    MAP,
    METADATA,
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
    st.Page(VOCABULARY, title="Vocabulary", url_path="vocabulary"),
    st.Page(JUDGE, title="Judge", url_path="judge"),
    st.Page(EVALUATE, title="Evaluate", url_path="evaluate"),
]
# The librarians' own pages, linked to from the Library page: see `desk_links`.
desk = [
    st.Page(ADD, title="Add documents", url_path="add"),
    st.Page(HISTORY, title="History", url_path="history"),
    st.Page(CHECK, title="Check", url_path="check"),
    st.Page(HEALTH, title="Library health", url_path="health"),
    st.Page(COLLECTIONS, title="Collections", url_path="collections"),
    st.Page(METADATA, title="Metadata in bulk", url_path="metadata"),
]
current = st.navigation([*pages, *desk], position="hidden")
banner(pages, current)
current.run()
