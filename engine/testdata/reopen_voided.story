# When a closing tube is voided, the cause is open again with its old S, and so is the order.
# Proves: reopen/voided
any order
scan T100 ada 08:01
result T100 positive tested 12:00 reported 13:00
late scan T200 ada 14:00 single
result T200 negative tested 15:00 reported 15:30
void T200 16:00 because mixed-up
ada held because T100 T200
ada since 13:00
order ada due 19:00 because T100 T200
