using Kilonova.Cli;

await using var output = new StreamWriter(Console.OpenStandardOutput());
return await CommandLine.RunAsync(args, new Terminal(Console.In, output, Console.Error, !Console.IsOutputRedirected), TimeProvider.System);
