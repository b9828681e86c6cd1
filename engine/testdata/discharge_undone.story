# Nothing is closed for ever: when the confirming result is withdrawn, the discharge counts no more, and what it removed is back.
# Proves: discharge/undone
any order
lab CDC is cdc
late scan T100 ada 07:00
result T100 positive tested 09:00 reported 10:00
late scan T200 ada 08:01 single
result T200 positive tested 12:00 reported 13:00 lab CDC
discharge ada 18:00
result T200 positive tested 12:00 reported 19:00 lab CDC withdrawn
ada held because T100
ada since 10:00
ada pending T200
order ada due 16:00
