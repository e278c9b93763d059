-- What the comments of ops.metric say beside what they said before.
COMMENT ON COLUMN ops.metric.until IS 'what ends the interval of a gauge: {"columns": [...], "less": a gauge taken off} or {"next": column, "delay_s": n, "cap_s": n, "known_s": n}';
COMMENT ON COLUMN ops.metric.row_filter IS 'column to list of values a row must have; `column!` must not, `column<=` at most, `column?` counts 100 with and 0 without';
