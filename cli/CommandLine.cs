using System.CommandLine;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Config;

namespace Kilonova.Cli;

/// <summary>The command line.</summary>
internal static class CommandLine
{
    /// <summary>Runs one command.</summary>
    /// <param name="arguments">Arguments, without the program's name.</param>
    /// <param name="terminal">Where it reads and writes.</param>
    /// <param name="time">Clock, to tell whether hosts are heard of.</param>
    /// <param name="cancel">Stops it.</param>
    /// <returns>See <see cref="ExitCode"/>.</returns>
    public static async Task<int> RunAsync(string[] arguments, Terminal terminal, TimeProvider time, CancellationToken cancel = default)
    {
        var parsed = Root(terminal, time).Parse(arguments);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors) await terminal.Error.WriteLineAsync($"error: {error.Message}");
            return ExitCode.BadInput;
        }

        return await parsed.InvokeAsync(new InvocationConfiguration { Output = terminal.Out, Error = terminal.Error }, cancel);
    }

    private static RootCommand Root(Terminal terminal, TimeProvider time)
    {
        var files = new Option<string[]>("--filename", "-f") { Description = "Manifests: files, directories, or - for the standard input; may be given several times.", AllowMultipleArgumentsPerToken = true };
        var config = new Option<string?>("--config") { Description = "The scheduler's options, as the operator reads them; defaults when absent." };
        var form = new Option<AnswerForm>("--output", "-o") { Description = "table or json." };
        var ns = new Option<string?>("--namespace", "-n") { Description = "Namespace; the context's, or default, when absent." };
        var kubeconfig = new Option<string?>("--kubeconfig") { Description = "Kubeconfig; else $KUBECONFIG or ~/.kube/config." };
        var context = new Option<string?>("--context") { Description = "Context of the kubeconfig." };
        var seed = new Option<int>("--seed") { Description = "Where draws among hosts begin, with options that ask for draws. The same seed gives the same answer." };

        QuestionOptions Options(ParseResult parsed) => new()
        {
            Files = parsed.GetValue(files) ?? [],
            Config = parsed.GetValue(config),
            Form = parsed.GetValue(form),
            Namespace = parsed.GetValue(ns),
            Kubeconfig = parsed.GetValue(kubeconfig),
            Context = parsed.GetValue(context),
            Seed = parsed.GetValue(seed),
        };

        Func<ParseResult, CancellationToken, Task<int>> Ask(Func<Questions, ParseResult, CancellationToken, Task<int>> question) =>
            (parsed, cancel) => AnswerAsync(terminal, () => question(new Questions(terminal, Options(parsed), time), parsed, cancel));

        var server = new Argument<string>("SERVER") { Description = "Name of a Server." };
        var why = new Command("why", "Say why a server is where it is, or why no host can take it.") { server, files, config, form, ns, kubeconfig, context, seed };
        why.SetAction(Ask((questions, parsed, cancel) => questions.WhyAsync(parsed.GetValue(server)!, cancel)));

        var flavor = new Option<string>("--flavor") { Description = "Name of a Flavor.", Required = true };
        var image = new Option<string?>("--image") { Description = "An Image: NAME, or NAMESPACE/NAME." };
        var capacity = new Command("capacity", "Count how many more servers of a flavor fit, where, and what runs out first.") { flavor, image, files, config, form, ns, kubeconfig, context };
        capacity.SetAction(Ask((questions, parsed, cancel) => questions.CapacityAsync(parsed.GetValue(flavor)!, parsed.GetValue(image), cancel)));

        var manifests = new Option<string[]>("--filename", "-f") { Description = files.Description, AllowMultipleArgumentsPerToken = true, Required = true };
        var simulate = new Command("simulate", "Place the pending servers of manifests, without a cluster, as the operator would.") { manifests, config, form, ns, seed };
        simulate.SetAction((parsed, _) => AnswerAsync(
            terminal, () => Task.FromResult(new Questions(terminal, Options(parsed) with { Files = parsed.GetValue(manifests)! }, time).Simulate())));

        return new RootCommand("Kilonova's placement, explained.") { why, capacity, simulate };
    }

    private static async Task<int> AnswerAsync(Terminal terminal, Func<Task<int>> answer)
    {
        try
        {
            return await answer();
        }
        catch (BadInputException e)
        {
            foreach (var line in e.Message.Split('\n')) await terminal.Error.WriteLineAsync($"error: {line}");
            return ExitCode.BadInput;
        }
        catch (Exception e) when (e is KubernetesException or KubernetesConnectionException or KubernetesDecodeException or KubernetesConfigException)
        {
            await terminal.Error.WriteLineAsync($"error: {e.Message}");
            return ExitCode.NoCluster;
        }
    }
}
