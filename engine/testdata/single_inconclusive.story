# Hold: opened by an inconclusive single tube.
# Proves: hold/inconclusive-single
any order
scan T100 ada 08:01 single
result T100 inconclusive tested 12:00 reported 13:00
tube T100 single
ada held because T100
order ada due 19:00
