"""The Streamlit app that reads releases."""
