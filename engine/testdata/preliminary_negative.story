# A preliminary negative or invalid is skipped.
# Proves: result/preliminary-skipped
any order
scan T100 ada 08:01
scan T200 ben 08:01
result T100 negative tested 12:00 reported 13:00 preliminary
result T200 invalid tested 12:00 reported 13:00 preliminary
ada sampled
ben sampled
