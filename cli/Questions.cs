using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Kilonova.Cli.Answers;
using Kilonova.Cli.Clusters;
using Kilonova.Cli.Manifests;
using Kilonova.Cli.Output;
using Kilonova.Cli.Simulation;
using Kilonova.Crds;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Config;
using Kilonova.Scheduling;

namespace Kilonova.Cli;

/// <summary>How an answer is written.</summary>
internal enum AnswerForm
{
    /// <summary>For people.</summary>
    Table,

    /// <summary>For programs.</summary>
    Json,
}

/// <summary>What all commands have in common.</summary>
internal sealed record QuestionOptions
{
    /// <summary>Files, directories and <c>-</c>; none to ask a cluster.</summary>
    public IReadOnlyList<string> Files { get; init; } = [];

    /// <summary>File of the scheduler's options.</summary>
    public string? Config { get; init; }

    public AnswerForm Form { get; init; }

    public string? Namespace { get; init; }

    public string? Kubeconfig { get; init; }

    public string? Context { get; init; }

    public int Seed { get; init; }
}

/// <summary>Answers each command.</summary>
internal sealed class Questions(Terminal terminal, QuestionOptions options, TimeProvider time)
{
    /// <summary>Places what is pending in files.</summary>
    public int Simulate()
    {
        var (objects, ignored) = FromFiles();
        var book = new HostBook(objects);
        var servers = new Simulator(book, Configuration(), options.Seed).PlacePending();
        var answer = new SimulationAnswer
        {
            Hosts = book.Snapshot.Count,
            Placed = servers.Count(s => s.Placed),
            NotPlaced = servers.Count(s => !s.Placed),
            Servers = servers,
            Notes = book.Notes,
            Ignored = ignored,
        };
        Write(answer, AnswerJson.Plain().SimulationAnswer, AnswerPages.Write);
        return answer.NotPlaced == 0 ? ExitCode.Fits : ExitCode.DoesNotFit;
    }

    /// <summary>Says why a server is where it is, or nowhere.</summary>
    public async Task<int> WhyAsync(string name, CancellationToken cancel)
    {
        var configuration = Configuration();
        var (objects, ignored, ns) = await ObjectsAsync((reader, ns) => reader.AroundServerAsync(ns, name, cancel));
        var server = objects.Servers.FirstOrDefault(s => s.Metadata.Namespace == ns && s.Metadata.Name == name)
            ?? throw new BadInputException($"server \"{name}\" does not exist in namespace \"{ns}\"");
        var book = new HostBook(objects);
        var held = book.Held(server);
        book.Forget(server);
        var answer = new WhyAnswer
        {
            Hosts = book.Snapshot.Count,
            Server = new Simulator(book, configuration, options.Seed).Decide(server) with { Held = held },
            Notes = book.Notes,
            Ignored = ignored,
        };
        Write(answer, AnswerJson.Plain().WhyAnswer, AnswerPages.Write);
        return answer.Server.Placed ? ExitCode.Fits : ExitCode.DoesNotFit;
    }

    /// <summary>Counts how many more of a flavor fit.</summary>
    public async Task<int> CapacityAsync(string flavor, string? image, CancellationToken cancel)
    {
        var configuration = Configuration();
        NamespacedName ImageKey(string ns) => image!.Split('/', 2) is [var from, var name] ? new NamespacedName(from, name) : new NamespacedName(ns, image);
        var (objects, ignored, ns) = await ObjectsAsync((reader, ns) => reader.AroundFlavorAsync(flavor, image is null ? null : ImageKey(ns), cancel));
        var book = new HostBook(objects);
        var foundFlavor = book.Flavor(flavor) ?? throw new BadInputException($"flavor \"{flavor}\" does not exist");
        Image? foundImage = null;
        if (image is not null)
        {
            var key = ImageKey(ns);
            foundImage = book.Image(key.Namespace!, key.Name) ?? throw new BadInputException($"image \"{key.Name}\" does not exist in namespace \"{key.Namespace}\"");
        }

        var answer = new CapacityCount(book, configuration).Count(foundFlavor, foundImage, ns) with { Notes = book.Notes, Ignored = ignored };
        Write(answer, AnswerJson.Plain().CapacityAnswer, AnswerPages.Write);
        return answer.Fits > 0 ? ExitCode.Fits : ExitCode.DoesNotFit;
    }

    private (ClusterObjects Objects, IReadOnlyList<IgnoredObject> Ignored) FromFiles()
    {
        var reader = new ManifestReader(options.Namespace ?? "default");
        return (reader.Read(options.Files, terminal.In), reader.Ignored);
    }

    private async Task<(ClusterObjects Objects, IReadOnlyList<IgnoredObject> Ignored, string Namespace)> ObjectsAsync(Func<ClusterReader, string, Task<ClusterObjects>> fromCluster)
    {
        if (options.Files.Count > 0)
        {
            var (objects, ignored) = FromFiles();
            return (objects, ignored, options.Namespace ?? "default");
        }

        // As kubectl: it is the kubeconfig of the person who asks that says how the server is reached.
        var config = KubernetesConfig.Load(new KubernetesConfigOptions { Path = options.Kubeconfig, Context = options.Context, AllowInsecure = true });
        using var client = new KubernetesClient(config, new KubernetesClientOptions { Component = "kubectl-kilonova" });
        var ns = options.Namespace ?? config.Namespace;
        return (await fromCluster(new ClusterReader(client, time), ns), [], ns);
    }

    private SchedulerConfiguration Configuration()
    {
        if (options.Config is not { } file) return new SchedulerConfiguration();
        try
        {
            return SchedulerConfiguration.Parse(File.ReadAllBytes(file));
        }
        catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"{file}: {e.Message}", e);
        }
    }

    private void Write<T>(T answer, JsonTypeInfo<T> type, Action<Page, T> write)
    {
        if (options.Form == AnswerForm.Json)
        {
            terminal.Out.Flush();
            JsonSerializer.Serialize(terminal.Out.BaseStream, answer, type);
            terminal.Out.Write("\n");
        }
        else
        {
            // Only of the console's own writer it is known how wide it is.
            write(terminal.IsTerminal ? new Page(Console.Out, true) : new Page(terminal.Out, false), answer);
        }

        terminal.Out.Flush();
    }
}
