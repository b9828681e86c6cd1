# person.merge: two identities are one human; all bindings, causes and excuses of the one count as the other's.
# Proves: merge/one-human
any order
scan T100 ada 08:01
result T100 positive tested 12:00 reported 13:00
late scan T200 eva 09:00
merge ada into eva 12:00
eva held because T100
ada held because T100
ada is eva
eva stands alone
ada pending T200
order eva due 19:00
order ada due 19:00
