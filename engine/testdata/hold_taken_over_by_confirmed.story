# A hold is taken over by a confirmed with an equal or later S.
# Proves: hold/taken-over-by-confirmed
any order
lab CDC is cdc
scan T100 ada 08:01
late scan T200 ada 14:10 single
result T100 positive tested 12:00 reported 13:00
result T200 positive tested 16:00 reported 17:00 lab CDC
ada confirmed because T200
no order ada
no recheck ada
