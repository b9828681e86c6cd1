# A standing positive is replaced by a later positive; the hold then counts from the later report.
# Proves: result/positive-again
any order
scan T100 ada 08:01
result T100 positive tested 12:00 reported 13:00
result T100 positive tested 14:00 reported 15:00
ada held because T100
ada since 15:00
order ada due 21:00
