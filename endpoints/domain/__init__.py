"""Lifecycles, specs and plans: pure Python that knows no Django, no database and no AWS client."""
