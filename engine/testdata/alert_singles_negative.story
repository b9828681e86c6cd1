# If all singles of a positive pool are negative: released, and the alert pool_positive_singles_negative.
# Proves: alert/pool_positive_singles_negative
any order
scan T100 ada 08:01
scan T100 ben 08:02
result T100 positive tested 12:00 reported 13:00
scan T200 ada 14:00 single
result T200 negative tested 15:00 reported 16:00
scan T300 ben 14:00 single
result T300 negative tested 15:00 reported 16:00
ada negative
ben negative
alert pool_positive_singles_negative T100
