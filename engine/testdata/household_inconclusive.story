# Hold: opened by an inconclusive household tube.
# Proves: hold/inconclusive-household
any order
open T100 08:00 household
scan T100 ada 08:01
result T100 inconclusive tested 12:00 reported 13:00
ada held because T100
order ada due 19:00
