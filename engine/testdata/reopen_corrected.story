# When a closing result is corrected, the cause is open again.
# Proves: reopen/corrected
any order
scan T100 ada 08:01
result T100 positive tested 12:00 reported 13:00
late scan T200 ada 14:00 single
result T200 negative tested 15:00 reported 15:30
result T200 invalid tested 15:00 reported 16:00 corrected
ada held because T100 T200
order ada due 19:00 because T100 T200
