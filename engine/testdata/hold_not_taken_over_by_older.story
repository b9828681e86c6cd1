# A suspect swabbed earlier takes no hold over.
# Proves: hold/not-taken-over-by-older
any order
late scan T200 ada 07:00 single
late scan T100 ada 08:01
result T200 positive tested 09:00 reported 10:00
result T100 positive tested 12:00 reported 13:00
ada suspect because T100 T200
order ada due 19:00 because T100
recheck ada due 16:00 because T200
