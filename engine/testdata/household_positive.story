# Hold: opened by a positive household tube.
# Proves: hold/positive-household
any order
open T100 08:00 household
scan T100 ada 08:01
scan T100 ben 08:02
result T100 positive tested 12:00 reported 13:00
tube T100 household
ada held because T100
ben held because T100
