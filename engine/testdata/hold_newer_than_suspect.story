# A hold swabbed later than the suspect stays open beside it, and so does its order.
# Proves: state/hold-beside-suspect
any order
scan T200 ada 08:01 single
result T200 positive tested 12:00 reported 13:00
late scan T100 ada 14:10
result T100 positive tested 16:00 reported 17:00
ada suspect because T100 T200
ada since 13:00
order ada due 23:00 because T100
