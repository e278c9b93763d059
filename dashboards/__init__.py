"""What managers see: Streamlit pages over the marts. Numbers are made in dbt and the store."""
