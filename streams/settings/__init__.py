"""What a user can choose: the settings file and the options of the command line.

`settings` reads the file into one typed object, whose section `[kafka]` is `kafka_settings`; the settings of detection
are `detectors.config`. `options` declares the options of all commands.
"""
