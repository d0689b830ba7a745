using System.Text.Json;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Config;
using Kilonova.Kubernetes.Core;
using Kilonova.Kubernetes.Tests.Support;

[assembly: AssemblyFixture(typeof(ControlPlane))]

namespace Kilonova.Kubernetes.Tests.Support;

/// <summary>
/// A real API server for this run: the one that the environment names (<c>tests/control-plane/run</c>), started when the first
/// test needs it. Tests that need one are skipped, with the reason, where there is none.
/// </summary>
public sealed class ControlPlane : IAsyncDisposable
{
    private readonly Lazy<Task<(LocalPlane? Plane, string Reason)>> _local = new(LocalPlane.TryStartAsync);

    internal async Task<KubernetesConfig> ConfigAsync()
    {
        var (plane, reason) = await _local.Value;
        if (plane is null)
            Assert.Skip(reason);
        return KubernetesConfig.Load(new() { Path = plane.Kubeconfig });
    }

    /// <summary>A client for administrators; skips the test when there is no API server.</summary>
    internal async Task<KubernetesClient> ClientAsync(Func<KubernetesClientOptions, KubernetesClientOptions>? change = null) => Client(await ConfigAsync(), change);

    internal static KubernetesClient Client(KubernetesConfig config, Func<KubernetesClientOptions, KubernetesClientOptions>? change = null)
    {
        var options = new KubernetesClientOptions { Component = "kilonova-tests" };
        return new KubernetesClient(config, change?.Invoke(options) ?? options);
    }

    /// <summary>A new namespace.</summary>
    internal static async Task<string> NamespaceAsync(KubernetesClient client)
    {
        var created = await client.Resource(CoreResources.Namespaces).CreateAsync(new Namespace { Metadata = new() { Name = $"t-{Guid.NewGuid().ToString("N")[..10]}" } });
        return created.Metadata.Name!;
    }

    /// <summary>Installs the Widget kind and waits until it is served.</summary>
    internal static async Task<Resource<Widget>> WidgetsAsync(KubernetesClient client)
    {
        var crd = JsonSerializer.Deserialize(Widget.Definition, CoreJson.Default.CustomResourceDefinition)!;
        await client.Resource(CoreResources.CustomResourceDefinitions).ApplyAsync(crd, ApplyTarget.CreateOrUpdate, force: true);
        var widgets = client.Resource(Widget.Type);
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    await widgets.ListAsync(WatchScope.AllNamespaces);
                    return true;
                }
                catch (KubernetesException e) when (e.IsNotFound)
                {
                    return false;
                }
            },
            "the Widget kind is served");
        return widgets;
    }

    public async ValueTask DisposeAsync()
    {
        if (_local.IsValueCreated && (await _local.Value).Plane is { } plane)
            await plane.DisposeAsync();
    }
}
