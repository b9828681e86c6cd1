# Hold: opened by a positive pool, for every member, with an order due six hours after the report.
# Proves: hold/positive-pool
any order
scan T100 ada 08:01
scan T100 ben 08:02
result T100 positive tested 12:00 reported 13:00
ada held because T100
ben held because T100
ada since 13:00
ada nothing pending
order ada due 19:00 because T100
order ben due 19:00
