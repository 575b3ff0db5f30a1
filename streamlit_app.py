"""The web page's entry: `streamlit run streamlit_app.py`. Navigation only."""

import streamlit as st

from retriever.ui.shared import ASK, DOCUMENT, LIBRARY, SERVICE, style

st.set_page_config(page_title=SERVICE, page_icon=":material/search:", layout="wide")
style()
pages = [
    st.Page(ASK, title="Ask", default=True),
    st.Page(LIBRARY, title="Library", url_path="library"),
    st.Page(DOCUMENT, title="Document", url_path="document"),
]
current = st.navigation(pages, position="top")
with st.container(horizontal=True, key="narrow-navigation"):
    for page in pages:
        st.page_link(page)
current.run()
