from geartrain.cli.main import run

run()
