"""The verb doctor: everything that is wrong in a store."""
