# A suspect takes over holds with an equal S.
# Proves: hold/taken-over-equal-S
any order
scan T100 ada 08:01
late scan T200 ada 08:01 single
result T100 positive tested 12:00 reported 13:00
result T200 positive tested 12:00 reported 14:00
ada suspect because T200
no order ada
