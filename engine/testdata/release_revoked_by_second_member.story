# Nothing is closed for ever: a late second member of the single tube takes the release back.
# Proves: reopen/second-member
any order
scan T100 ada 08:01
result T100 positive tested 12:00 reported 13:00
scan T200 ada 14:01 single
result T200 negative tested 16:00 reported 17:00
ada negative
late scan T200 ben 14:02 single
flag single_with_many
ada held because T100
ben negative
