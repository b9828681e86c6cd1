# A standing inconclusive is replaced by a later final negative.
# Proves: result/inconclusive-replaced
any order
scan T100 ada 08:01
result T100 inconclusive tested 12:00 reported 13:00
result T100 negative tested 14:00 reported 15:00
ada negative
ada since 15:00
no order ada
