# Members are released one by one.
# Proves: release/each
any order
round R1 release each
scan T100 ada 08:01
scan T100 ben 08:02
result T100 positive tested 12:00 reported 13:00
late scan T200 ada 14:00 single
result T200 negative tested 15:00 reported 16:00
ada negative
ben held because T100
