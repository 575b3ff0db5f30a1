"""The web page's entry: `streamlit run streamlit_app.py`. Navigation only."""

import streamlit as st

from retriever.ui.shared import ASK, DOCUMENT, LIBRARY, SERVICE, style

st.set_page_config(page_title=SERVICE, page_icon=":material/search:", layout="wide")
style()
st.navigation(
    [
        st.Page(ASK, title="Ask", default=True),
        st.Page(LIBRARY, title="Library", url_path="library"),
        st.Page(DOCUMENT, title="Document", url_path="document"),
    ],
    position="top",
).run()
