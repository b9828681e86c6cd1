# Acceptance 1: the same batch sent twice, and after a timeout: one effect, same answers. (At once from two connections: proved where the server answers.)
# Proves: acceptance/1
scan T100 ada 08:01
scan T100 ben 08:02
result T100 positive tested 12:00 reported 13:00
scan T100 ada 08:01
duplicate
scan T100 ben 08:02
duplicate
result T100 positive tested 12:00 reported 13:00
duplicate
ada held because T100
order ada due 19:00
tube T100 holds ada ben
