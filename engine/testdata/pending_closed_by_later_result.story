# A pending swab is closed by any later result: negative, positive or inconclusive, of any tube.
# Proves: pending/closed-by-any-later
any order
scan T100 ada 08:01
late scan T200 ada 09:01
scan T100 ben 08:02
late scan T300 ben 09:02
scan T100 cem 08:03
late scan T400 cem 09:03
result T200 negative tested 12:00 reported 13:00
result T300 positive tested 12:00 reported 13:00
result T400 inconclusive tested 12:00 reported 13:00
ada negative
ada nothing pending
ben held because T300
ben nothing pending
cem held because T400
cem nothing pending
