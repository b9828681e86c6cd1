# A single negative of one identity releases the other's hold.
# Proves: merge/causes-count
any order
scan T100 ada 08:01
result T100 positive tested 12:00 reported 13:00
late scan T200 eva 14:00 single
result T200 negative tested 15:00 reported 16:00
merge ada into eva 17:00
ada negative
eva negative
no order ada
ada last negative T200
