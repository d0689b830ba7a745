using Kilonova.Cli;

return await CommandLine.RunAsync(args, new Terminal(Console.In, Console.Out, Console.Error, !Console.IsOutputRedirected), TimeProvider.System);
