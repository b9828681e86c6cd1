# A hold is taken over by a suspect with a later S; then no order is open.
# Proves: hold/taken-over-by-suspect
any order
scan T100 ada 08:01
result T100 positive tested 12:00 reported 13:00
scan T200 ada 14:10 single
result T200 positive tested 16:00 reported 17:00
ada suspect because T200
ada since 17:00
no order ada
