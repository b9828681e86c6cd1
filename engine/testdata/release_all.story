# Members are released one by one; policy release "all" waits for the whole tube.
# Proves: release/all
any order
round R1 release all
scan T100 ada 08:01
scan T100 ben 08:02
result T100 positive tested 12:00 reported 13:00
late scan T200 ada 14:00 single
late scan T300 ben 14:00 single
result T200 negative tested 15:00 reported 16:00
ada held because T100
ada last negative T200
order ada due 19:00
result T300 negative tested 15:00 reported 17:00
ada negative
ben negative
no order ada
