"""Placement and its checks over a snapshot of a VPC: pure Python that knows no Django and no AWS client."""
