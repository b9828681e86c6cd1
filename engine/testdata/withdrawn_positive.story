# withdrawn, reported for the wrong tube: the hold and its order go, and what the lab says after it counts.
# Proves: result/withdrawn-wrong-tube
any order
scan T100 ada 08:01
scan T200 ben 08:01
result T100 positive tested 12:00 reported 13:00
result T100 positive tested 12:00 reported 14:00 withdrawn
result T200 positive tested 12:00 reported 13:00
result T200 positive tested 12:00 reported 14:00 withdrawn
result T200 negative tested 14:00 reported 15:00
ada sampled
no order ada
ben negative
