"""Driving licences (giấy phép lái xe): contract, schemas and recorded exchanges."""
